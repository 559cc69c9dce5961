# make help lists the targets.
GO     ?= go
STAGE  := ./.ci/stage
BIN    := bin/bleepstore
FUZZ   ?= 8s
CRASHES ?= 50
KILLS  ?= 20
SEEDS  ?= 1000
LENGTH ?= 6m
SOUND  ?= 20
SAMPLE ?= 500
BLEEPSTORE_SEED ?= 0
OBJECTS ?= 10000

# The packages of which the tests mostly wait, for elections and timeouts, go first and
# together: neither is in the other's way, and none of them is last.
LONGEST := ./reference ./cmd/bleepstore

.PHONY: cloud suite-cloud migrate-long clients mutants mutants-fast mutants-build sim-long ordeal load help build check test unit suite browser report fuzz crash bench e2e golden fmt clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

build: ## build bin/bleepstore
	$(GO) build -o $(BIN) ./cmd/bleepstore

fmt: ## format every Go file
	gofmt -w $$(git ls-files -co --exclude-standard '*.go')

check: ## format, vet, staticcheck, import graph, catalogue, quick unit tests
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@$(STAGE) vet $(GO) vet ./...
	@$(STAGE) staticcheck $(GO) tool staticcheck ./...
	@$(STAGE) unit-short $(GO) test -short $(LONGEST) ./...

test: ## every test: units, the backends of clouds, the suite on three backends and on a cluster, the report in a browser, the mutants in brief, fuzzing
	@$(STAGE) unit $(MAKE) --no-print-directory unit
	@$(STAGE) cloud $(MAKE) --no-print-directory cloud
	@$(STAGE) suite $(MAKE) --no-print-directory suite
	@$(STAGE) browser $(MAKE) --no-print-directory browser
	@$(STAGE) mutants-fast $(MAKE) --no-print-directory mutants-fast
	@$(STAGE) fuzz $(MAKE) --no-print-directory fuzz

# The whole suite is a stage of its own; by way of go test three of its areas do.
unit: ## unit tests, and a part of the suite by way of go test
	$(GO) test $(LONGEST) $$($(GO) list ./... | grep -v '^bleepstore/conformance$$')
	$(GO) test ./conformance -id='bucket.*,object.*,conditional.*'

# A scenario mostly waits for disks, and in a cluster for a majority of them: the
# more run side by side, the more writes share a sync. The last run is of the areas
# that old bucket defaults (ACLs on, nothing blocked) or another region can change;
# what the others judge knows neither, or only by way of signatures, which auth,
# presign and wire judge.
LEGACY := acl.*,publicaccess.*,policy.*,form.*,bucket.*,auth.*,presign.*,wire.*,listing.*,object.*,copy.*

suite: build ## the suite against bleepstore serve on each backend, against three nodes, and in part with old bucket defaults
	@$(STAGE) suite-local ./run_e2e.sh --backend local -j 8
	@$(STAGE) suite-memory ./run_e2e.sh --backend memory -j 8
	@$(STAGE) suite-sqlite ./run_e2e.sh --backend sqlite -j 8
	@$(STAGE) suite-cluster ./run_e2e.sh --nodes 3 -j 16
	@$(STAGE) suite-legacy ./run_e2e.sh --backend memory --bucket-defaults legacy --region eu-west-1 -j 8 --id '$(LEGACY)'

suite-cloud: ## the suite with bodies in each cloud's emulator
	@$(STAGE) suite-aws ./run_e2e.sh --backend aws
	@$(STAGE) suite-gcp ./run_e2e.sh --backend gcp
	@$(STAGE) suite-azure ./run_e2e.sh --backend azure

cloud: ## the backends gcp and azure, each on its emulator; Azure's is installed by npm when that can be
	@GO=$(GO) .ci/cloud

e2e: ## ./run_e2e.sh
	./run_e2e.sh

clients: ## drive the server with real clients, installing those that are missing
	$(GO) run ./cmd/clients -install

browser: ## the report, and uploads from a page, in headless Chromium, which is installed when that can be
	@GO=$(GO) .ci/browser

mutants: mutants-build ## plant every bug, run what must find it and what must not, and SOUND (default 20) seeds without any
	$(BIN)-mutants mutants --seed 1 --seeds $(SOUND) --out out/mutants
	@{ printf '# The kill matrix\n\n`make mutants` writes it; [REPORT.md](../../REPORT.md) says what it rests on.\n\n'; cat out/mutants/mutants.md; } > conformance/mutation/MATRIX.md

mutants-fast: mutants-build ## of SAMPLE bugs (default 500) that BLEEPSTORE_SEED (default: a new one) draws, only the scenarios that they name, until one fails
	$(BIN)-mutants mutants --fast --sample $(SAMPLE) --seed $(BLEEPSTORE_SEED) -j 4

mutants-build:
	$(GO) build -tags mutants -o $(BIN)-mutants ./cmd/bleepstore

report: build ## out/report.html and REPORT.md's tables: our server on each backend, and gofakes3
	$(GO) build -o bin/gofakes3 ./cmd/gofakes3
	$(BIN) compare --targets conformance/testdata/targets.yaml --seed 1 --out out --markdown REPORT.md

fuzz: ## each fuzz target for FUZZ (default 8s), as many side by side as there are processors
	@GO=$(GO) .ci/fuzz $(FUZZ)

crash: ## kill -9 a loaded server CRASHES times (default 50) on each durable backend
	BLEEPSTORE_CRASHES=$(CRASHES) $(GO) test ./reference -run '^TestKill$$' -count=1 -v -timeout 30m

.PHONY: migrate-long
migrate-long: ## move OBJECTS (default 10,000; ten of 64 MiB) from local files to the AWS backend, killed half-way (2 GB of disk)
	BLEEPSTORE_MIGRATE_OBJECTS=$(OBJECTS) $(GO) test ./cmd/bleepstore -run '^TestMigrateLong$$' -count=1 -v -timeout 60m

ordeal: ## kill -9 the leader of three loaded nodes KILLS times (default 20), pause it, kill the followers, cut the network
	BLEEPSTORE_KILLS=$(KILLS) $(GO) test ./cmd/bleepstore -run '^TestOrdeal$$' -count=1 -v -timeout 60m
	BLEEPSTORE_CUTS=$(KILLS) $(GO) test ./reference -run '^TestOrdeal$$' -count=1 -v -timeout 60m

sim-long: build ## simulate clusters of 3 and 5 nodes under faults for SEEDS (default 1000) runs of LENGTH (default 6m) of virtual time, and the whole server for a tenth
	$(BIN) chaos --sim raft --seeds $(SEEDS) --length $(LENGTH) --nodes 3
	$(BIN) chaos --sim raft --seeds $(SEEDS) --length 30s --nodes 5
	$(BIN) chaos --sim raft --shared --seeds $$(( $(SEEDS) / 10 )) --length $(LENGTH) --nodes 3
	$(BIN) chaos --sim full --seeds $$(( $(SEEDS) / 10 )) --length 2m --nodes 3

bench: build ## measure the server beside a bare net/http server (about 3 minutes)
	$(BIN) bench --data bin
load: ## 32 concurrent writers for 30 s on each backend
	$(GO) test ./reference -run '^TestConcurrentWriters$$' -load 30s -v -count 1

golden: ## print what changed in the catalogue, and accept it
	$(GO) test ./conformance -run '^TestGoldenCatalogue$$' -update-golden -v

clean: ## remove what builds and runs leave behind
	rm -rf bin out data
