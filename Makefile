# make demo     post a sample mail to a site on this machine
# make test     install what the tests need and run all of them
# make test-short   the tests that need no browser; takes seconds
# make          the static binary ./mailapp
# make install  binary and manual pages below PREFIX (/usr/local)
# make fuzz     each fuzz target for FUZZTIME (30s)
# make lint     formatting, vet, staticcheck, manual pages

PREFIX   = /usr/local
FUZZTIME = 30s
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0

.PHONY: all demo build test test-short install fuzz lint clean

all: build

demo: build
	@.ci/need browser
	./mailapp demo

build:
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o mailapp .

# One package at a time: browsers that fight for two cores prove nothing.
test:
	@.ci/need compiler browser mandoc
	go vet ./...
	MAILAPP_TEST_ALL=1 CGO_ENABLED=1 go test -race -p 1 -parallel 3 -timeout 15m ./...

# Without the race detector, under which a process takes half a second to start.
test-short:
	CGO_ENABLED=0 go test -short ./...

install: build
	install -D -m 755 mailapp $(DESTDIR)$(PREFIX)/bin/mailapp
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/mailapp.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 man/mailapp-rules.5 man/mailapp-flow.5

fuzz:
	@set -e; for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			echo "$$p $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p; \
		done; done

lint:
	@.ci/need mandoc
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go mod tidy -diff
	go run $(STATICCHECK) ./...
	mandoc -Tlint -Wwarning man/*.[1-9]

clean:
	rm -f mailapp
