// Package all imports every area, so that one import registers every scenario.
package all

import (
	_ "bleepstore/scenarios/acl"
	_ "bleepstore/scenarios/auth"
	_ "bleepstore/scenarios/bucket"
	_ "bleepstore/scenarios/checksum"
	_ "bleepstore/scenarios/conditional"
	_ "bleepstore/scenarios/consistency"
	_ "bleepstore/scenarios/copy"
	_ "bleepstore/scenarios/cors"
	_ "bleepstore/scenarios/encryption"
	_ "bleepstore/scenarios/form"
	_ "bleepstore/scenarios/lifecycle"
	_ "bleepstore/scenarios/listing"
	_ "bleepstore/scenarios/lock"
	_ "bleepstore/scenarios/multipart"
	_ "bleepstore/scenarios/object"
	_ "bleepstore/scenarios/policy"
	_ "bleepstore/scenarios/presign"
	_ "bleepstore/scenarios/publicaccess"
	_ "bleepstore/scenarios/streaming"
	_ "bleepstore/scenarios/tagging"
	_ "bleepstore/scenarios/version"
	_ "bleepstore/scenarios/website"
	_ "bleepstore/scenarios/wire"
)
