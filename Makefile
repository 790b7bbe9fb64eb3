# make demo     post a sample mail to a site on this machine
# make test     install what the tests need and run all of them
# make test-mta     the contract under every mail server that Debian has; as root
# make test-short   the tests that need no browser; takes seconds
# make bench    how fast it is beside others; ROWS="refuse cold" for some of it
# make soak     what the tests do with processes that are killed, for a half hour
# make test-sites   flows against real sites: a WordPress, a Fossil
# make          the static binary ./mailapp
# make install  binary and manual pages below PREFIX (/usr/local)
# make fuzz     each fuzz target for FUZZTIME (30s)
# make lint     formatting, vet, staticcheck, manual pages

PREFIX   = /usr/local
FUZZTIME = 30s
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.7.0

# The mail servers under which the tests run; only root can start them. Where
# another one is installed, Postfix cannot be: make test MTAS=
MTAS     = postfix maildrop qmail
ALL_MTAS = $(MTAS) procmail exim opensmtpd dovecot fdm

# Where the JavaScript packages that the bench compares with are kept.
BENCH_MODULES = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mailapp-bench
ROWS     =

.PHONY: all demo build test test-mta test-short test-sites bench soak install fuzz lint clean

all: build

demo: build
	@.ci/need browser
	./mailapp demo

build:
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o mailapp .

# One package at a time: browsers that fight for two cores prove nothing.
test:
	@.ci/need compiler browser mandoc postgresql
	@.ci/need heif || true # its tests are skipped by name
	@test "$$(id -u)" != 0 || .ci/need swaks $(filter-out qmail,$(MTAS))
	go vet ./...
	MAILAPP_TEST_ALL=1 MAILAPP_TEST_MTA="$(MTAS)" CGO_ENABLED=1 go test -race -p 1 -parallel 3 -timeout 15m ./...

# What cannot be had is skipped by name. Exim, OpenSMTPD and Dovecot are not
# installed but unpacked for the test; see cmd/mta_jail_test.go.
test-mta:
	@for what in browser swaks postfix maildrop procmail fdm lists; do .ci/need $$what || true; done
	MAILAPP_TEST_MTA="$(ALL_MTAS)" CGO_ENABLED=0 go test -count 1 -v -run '^TestMTA' ./cmd

# Without the race detector, under which a process takes half a second to start.
test-short:
	CGO_ENABLED=0 go test -short ./...

# What these need is much, so that only this target asks for it.
test-sites:
	@.ci/need browser wordpress fossil
	MAILAPP_TEST_SITES=1 go test -count=1 -run 'TestWordpress|TestFossil' -timeout 10m ./poster/browser

# What cannot be had is left out by name. The bench is a module of its own, so
# that what it compares with is no dependency of ours.
bench:
	@for what in browser chromium maildrop procmail fdm sieve-test postgresql vips imagemagick heif npm; do .ci/need $$what || true; done
	@mkdir -p $(BENCH_MODULES)
	@npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(BENCH_MODULES) playwright-core puppeteer-core || true
	cd testdata/bench && BENCH_MODULES=$(BENCH_MODULES) go run . $(ROWS)

# Some 7,000 deliveries through the whole program to each database, to a scripted
# site, and 10,000 to each ledger alone.
soak:
	@.ci/need postgresql
	MAILAPP_TEST_ALL=1 MAILAPP_TEST_SOAK=1 CGO_ENABLED=0 go test -p 1 -count=1 -v -run 'TestSoak|TestKilledAtRandom' -timeout 90m ./cmd ./poster/ledger

install: build
	install -D -m 755 mailapp $(DESTDIR)$(PREFIX)/bin/mailapp
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 man/mailapp.1
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man5 man/mailapp-rules.5 man/mailapp-flow.5
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man7 man/mailapp.7

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
	go vet -tags heic,nodynamic ./poster/photo
	go run $(STATICCHECK) -tags heic,nodynamic ./poster/photo
	cd testdata/bench && go vet ./... && go mod tidy -diff && go run $(STATICCHECK) ./...
	mandoc -Tlint -Wwarning man/*.[1-9]

clean:
	rm -f mailapp
