# asana_exporter: `make help` lists the targets. Every check is a step of .ci/run, so that CI and a person run the same.

PACKAGE = github.com/prometheus/common/version
RELEASE = $(shell cat VERSION)
TAG = $(shell git describe --tags --exact-match --match 'v$(RELEASE)' --dirty 2>/dev/null)
# What is not the release sorts before it: 0.1.0-dev.20261128T155816Z.g8960ca960e81. Without git the program names itself.
COMMIT = $(shell git describe --always --abbrev=12 --exclude='*' --dirty 2>/dev/null)
DEV = $(shell TZ=UTC git log -1 --date=format-local:%Y%m%dT%H%M%SZ --format=$(RELEASE)-dev.%cd.g$(COMMIT) 2>/dev/null)
VERSION = $(if $(filter v$(RELEASE),$(TAG)),$(RELEASE),$(DEV))
REVISION = $(shell git rev-parse --verify HEAD 2>/dev/null)
BRANCH = $(shell git rev-parse --abbrev-ref --verify HEAD 2>/dev/null)
# The time of the commit, not of the build: the same commit gives the same binary.
DATE = $(shell TZ=UTC git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
LDFLAGS = -s -w -X $(PACKAGE).Version=$(VERSION) -X $(PACKAGE).Revision=$(or $(REVISION),unknown) \
          -X $(PACKAGE).Branch=$(or $(BRANCH),unknown) -X $(PACKAGE).BuildDate=$(or $(DATE),unknown)

# What goreleaser and nfpm make. Signatures and SBOM need cosign and syft, and are made by the release workflow.
GORELEASER = go run github.com/goreleaser/goreleaser/v2@v2.15.1
SNAPSHOT = SNAPSHOT_VERSION='$(VERSION)' $(GORELEASER) release --snapshot --clean --skip=sign,sbom

.PHONY: help build check test lint e2e fuzz bench image demo alert-quality rules dashboards dashboard-cost chart chart-copies packages release-snapshot generated

help: ## show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' Makefile | expand -t 16

build: ## build a static ./asana_exporter that knows its version
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o asana_exporter .
	@ls -lh asana_exporter

demo: ## run the simulated workspace with Prometheus and Alertmanager; DEMO='-h' for the addresses
	go run ./deploy/demo $(DEMO)

check: ## run everything that CI runs
	.ci/run

test: ## run the tests that need Go alone
	go test ./...

lint: ## look at format, vet, linters, go.mod and the alert rules
	.ci/run format vet lint tidy rules

e2e: ## run the tests that need Prometheus, amtool, strace and Node
	.ci/run e2e

fuzz: ## fuzz each target, FUZZTIME=1000000x for longer
	.ci/run fuzz

bench: ## run the benchmarks, and compare whole programs (ten minutes)
	go test -run '^$$' -bench . -benchmem ./...
	cd bench && go run .

alert-quality: ## measure the deletion rules on simulated workspaces
	cd alerts/eval && go run . quality

rules: ## write the Prometheus rules anew
	go generate ./alerts
	$(MAKE) chart-copies

dashboards: ## write the JSON of the Grafana dashboards anew
	go generate ./dashboards
	$(MAKE) chart-copies

dashboard-cost: ## measure what the dashboards cost a Prometheus server with fifty workspaces (minutes, and 6 GB of disk)
	go test -tags e2e,cost -count=1 -run TestDashboardsCostLittle -v -timeout 30m ./e2e/

image: ## build the image asana_exporter
	docker build --tag asana_exporter --label org.opencontainers.image.version='$(VERSION)' \
	    --label org.opencontainers.image.revision='$(REVISION)' .
	docker image ls asana_exporter

HELM = $(or $(shell command -v helm),go run helm.sh/helm/v4/cmd/helm@v4.3.1)

# The files get the time of the commit, which Helm writes into the package: the same commit gives the same bytes.
chart: ## package the Helm chart into dist/
	@rm -rf dist/chart && mkdir -p dist && cp -R deploy/helm dist/chart
	@find dist/chart -exec touch -d '$(DATE)' {} +
	@$(HELM) package --destination dist dist/chart && rm -r dist/chart && ls -l dist/asana-exporter-*.tgz

chart-copies: ## write the chart's copies of rules and dashboards anew, and the manifests in deploy/kubernetes
	cd deploy/helm/check && go test -count=1 -run 'Copies|Plain' . -update

packages: ## build the deb and rpm packages into dist/
	$(SNAPSHOT),archive
	@cd dist && du --apparent-size -h *.deb *.rpm

release-snapshot: ## build all that a release has into dist/: packages, archives, checksums
	$(SNAPSHOT)
	@cd dist && du --apparent-size -h *.deb *.rpm *.tar.gz sha256sums.txt

# The manual page and the completions, which the program writes itself, and the licences of what is compiled into it. What apropos finds
# is missing in its page, and zsh, which calls the whole file when Tab is pressed for the first time, needs a call at its end.
generated:
	mkdir -p generated/completions
	deploy/packages/licenses.sh >generated/THIRD-PARTY-LICENSES
	go run . --help-man >generated/help
	sed '/^\.SH "NAME"/{n;s/$$/ \\- count what happens in Asana workspaces, for Prometheus/;}' generated/help >generated/asana_exporter.1
	gzip -9nf generated/asana_exporter.1
	go run . --completion-script-bash >generated/completions/asana_exporter
	go run . --completion-script-zsh >generated/completions/_asana_exporter
	echo 'if [[ $$funcstack[1] == _asana_exporter ]]; then _asana_exporter "$$@"; fi' >>generated/completions/_asana_exporter
