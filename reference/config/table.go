package config

import "slices"

// A Setting is one row of the table.
type Setting struct {
	Key     string // dotted path in the YAML file
	Default string
	Use     string // one line for --help
	// list, when set, turns what is no scalar in the file into text.
	list func(any) (string, error)
}

const (
	peersKey  = "cluster.peers"
	byDefault = "default"
)

// Settings lists every setting, in the order of the file's documentation.
func Settings() []Setting { return slices.Clone(settings) }

var settings = []Setting{
	{Key: "server.host", Default: "127.0.0.1", Use: "address to listen on"},
	{Key: "server.port", Default: "9000", Use: "port to listen on; 0 picks a free one"},
	{Key: "server.region", Default: "us-east-1", Use: "region that clients sign for"},
	{Key: "server.bucket_defaults", Default: "aws", Use: "what a new bucket is given: aws (no ACLs, public access blocked) or legacy (ACLs, nothing blocked)"},
	{Key: "server.ops_addr", Default: "127.0.0.1:9001", Use: "second listener: /healthz /readyz /metrics /docs /openapi.json, with an admin token /admin/; off turns it off"},
	{Key: "server.admin_port", Default: "", Use: "port of server.ops_addr, by its older name"},
	{Key: "server.admin_token", Default: "", Use: "bearer token of the admin API at server.ops_addr; without one there is no admin API"},
	{Key: "server.shutdown_timeout", Default: "30s", Use: "how long a drain waits for requests under way"},
	{Key: "server.tls.cert_file", Use: "PEM file of the certificate and its chain"},
	{Key: "server.tls.key_file", Use: "PEM file of its key"},
	{Key: "server.tls.self_signed", Default: "false", Use: "make a certificate at each start instead"},
	{Key: "server.tls.addr", Use: "second S3 address, for TLS, beside a plain one; without it the one address speaks TLS"},
	{Key: "server.website_addr", Use: "address at which buckets that are websites are served as such, to anybody who may read them; without one they are not"},
	{Key: "auth.access_key", Default: DefaultAccessKey, Use: "access key of the owner's account"},
	{Key: "auth.secret_key", Default: DefaultSecretKey, Use: "its secret key"},
	{Key: "encryption.master_key_file", Default: "", Use: "master keys, 64 hexadecimal digits a line: the first encrypts, the others open older objects; default: master.key in the data directory, made at first start, and in a cluster the key that follows from its secret"},
	{Key: "encryption.kms_keys_file", Default: "", Use: "keys for SSE-KMS: JSON of {keys: [{id: , material: , aliases: [], disabled: }]}; without it there is the managed key alone"},
	{Key: "encryption.sse_c_over_http", Default: "false", Use: "take keys of clients over plain connections too, which S3 refuses"},
	{Key: "metadata.engine", Default: "sqlite", Use: "sqlite: this node alone; raft: a node of a cluster, see cluster.*"},
	{Key: "metadata.sqlite.path", Default: "", Use: "metadata database; default meta.db in the data directory, or in cluster.data_dir"},
	{Key: "storage.backend", Default: "local", Use: "where bodies are kept: local, memory, sqlite, aws, gcp or azure"},
	{Key: "storage.data", Default: "./data", Use: "data directory"},
	{Key: "storage.local.root_dir", Default: "", Use: "bodies of the local backend; default blobs in the data directory"},
	{Key: "storage.memory.max_size_bytes", Default: "1073741824", Use: "most bytes of bodies that the memory backend keeps"},
	{Key: "storage.memory.persistence", Default: "none", Use: "none or snapshot"},
	{Key: "storage.memory.snapshot_path", Default: "", Use: "snapshot file; default snapshot in the data directory"},
	{Key: "storage.memory.snapshot_interval_seconds", Default: "60", Use: "seconds between snapshots"},
	{Key: "storage.aws.bucket", Default: "", Use: "bucket of the aws backend: S3, or what speaks it; each store needs a prefix or a bucket of its own"},
	{Key: "storage.aws.region", Default: "", Use: "its region; default: as AWS_REGION or the shared files say"},
	{Key: "storage.aws.prefix", Default: "", Use: "what every name in it begins with"},
	{Key: "storage.aws.endpoint_url", Default: "", Use: "URL of a server that is not AWS's own"},
	{Key: "storage.aws.use_path_style", Default: "false", Use: "have the bucket in the path of requests, not in the host's name"},
	{Key: "storage.aws.access_key_id", Default: "", Use: "access key; default: the chain of AWS's tools: environment, shared files, the machine's role"},
	{Key: "storage.aws.secret_access_key", Default: "", Use: "its secret key"},
	{Key: "storage.gcp.bucket", Default: "", Use: "bucket of the gcp backend, in Google Cloud Storage"},
	{Key: "storage.gcp.project", Default: "", Use: "project that is billed, and whose quota counts"},
	{Key: "storage.gcp.prefix", Default: "", Use: "what every name in it begins with"},
	{Key: "storage.gcp.credentials_file", Default: "", Use: "JSON of a service account; default: the application's default credentials"},
	{Key: "storage.azure.container", Default: "", Use: "container of the azure backend"},
	{Key: "storage.azure.account", Default: "", Use: "storage account"},
	{Key: "storage.azure.account_key", Default: "", Use: "its key; default: the chain of Azure's tools"},
	{Key: "storage.azure.prefix", Default: "", Use: "what every name in it begins with"},
	{Key: "storage.azure.connection_string", Default: "", Use: "account, key and endpoint in one, instead"},
	{Key: "storage.azure.use_managed_identity", Default: "false", Use: "be who the machine is"},
	{Key: "observability.metrics", Default: "true", Use: "serve /metrics"},
	{Key: "observability.health_check", Default: "true", Use: "serve /healthz and /readyz"},
	{Key: "observability.log_level", Default: "info", Use: "debug, info, warn or error"},
	{Key: "observability.log_format", Default: "text", Use: "text or json"},
	{Key: "cluster.node_id", Default: "", Use: "this node's id in the cluster, for as long as its data lasts; default: one is minted at first start"},
	{Key: "cluster.bind_addr", Default: "127.0.0.1:9002", Use: "address to listen on for the other nodes, by TLS"},
	{Key: "cluster.advertise_addr", Default: "", Use: "where the other nodes reach it; default: the address it is bound to"},
	{Key: "cluster.data_dir", Default: "", Use: "directory of meta.db, raft.db and snapshots; default: the data directory"},
	{Key: peersKey, Default: "", Use: "nodes to ask for admission: a list of {id: , addr: }, in a variable id=host:port,...", list: listPeers},
	{Key: "cluster.bootstrap", Default: "false", Use: "true founds a new cluster when the data directory is empty; one node only may have it"},
	{Key: "cluster.secret", Default: "", Use: "what the nodes of the cluster share, at least 16 characters: who has it is a node"},
	{Key: "cluster.secret_file", Default: "", Use: "file that holds the secret instead"},
	{Key: "cluster.tls.cert_file", Default: "", Use: "instead of a secret: PEM file of this node's certificate, which names bleepstore:node:ID as a URI"},
	{Key: "cluster.tls.key_file", Default: "", Use: "PEM file of its key"},
	{Key: "cluster.tls.ca_file", Default: "", Use: "PEM file of the authority that signs the nodes' certificates"},
	{Key: "cluster.election_timeout_ms", Default: "1000", Use: "silence of the leader after which a node stands for election, at least ten heartbeats"},
	{Key: "cluster.heartbeat_interval_ms", Default: "100", Use: "how often a leader tells that it is there"},
	{Key: "cluster.snapshot_interval", Default: "2s", Use: "how often it is looked whether a snapshot of the metadata is due"},
	{Key: "cluster.snapshot_threshold", Default: "512", Use: "log entries since the last snapshot that make one due"},
	{Key: "cluster.max_append_entries", Default: "16", Use: "most log entries of one request between nodes"},
	{Key: "cluster.discovery", Default: "static", Use: "static: the peers are as listed; dns: the host of each is a name that is resolved anew at every attempt, to any number of nodes"},
}
