# The developer's targets; .ci/run goes through all of them and more.
GO          ?= go
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 20s
PLATFORMS   := linux/arm64 darwin/arm64 darwin/amd64 windows/amd64 linux/386 js/wasm

.PHONY: check fmt vet staticcheck layers test purego cross race fuzz bench size

check: fmt vet staticcheck layers test purego cross

fmt:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not gofmt-clean:"; echo "$$unformatted"; exit 1; fi

vet:
	$(GO) vet ./...

staticcheck:
	$(GO) run $(STATICCHECK) ./...

layers: # the order of the packages and who may import which module
	$(GO) test -count=1 .

test:
	$(GO) test ./...

purego: # only the portable engine
	$(GO) vet -tags purego ./...
	$(GO) test -tags purego ./...

cross: # everything, the tests too, compiles and links where the portable engine serves
	@for p in $(PLATFORMS); do \
		echo "GOOS=$${p%/*} GOARCH=$${p#*/}"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build ./... && \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./... && \
		GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) test -vet=off -exec true ./... >/dev/null || exit 1; \
	done

race:
	$(GO) test -race ./...

fuzz: # every target for FUZZTIME
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

bench:
	$(GO) run ./bench

size: # lines of code and of tests of each package, and what a program that uses it weighs
	@for dir in $$($(GO) list -f '{{.Dir}}' ./...); do \
		code=$$(find $$dir -maxdepth 1 -name '*.go' ! -name '*_test.go' -exec cat {} + | wc -l); \
		tests=$$(find $$dir -maxdepth 1 -name '*_test.go' -exec cat {} + | wc -l); \
		printf '%-28s %6d lines, %6d of tests\n' "$${dir#$(CURDIR)}" $$code $$tests; \
	done
	@tmp=$$(mktemp) && $(GO) build -o $$tmp ./cmd/lanes && printf 'cmd/lanes %d KiB' $$(($$(wc -c < $$tmp) / 1024)) && \
		$(GO) build -ldflags '-s -w' -o $$tmp ./cmd/lanes && printf ', stripped %d KiB\n' $$(($$(wc -c < $$tmp) / 1024)); rm -f $$tmp
