#!/bin/sh
# Makes the two modules that Traefik needs and that cannot be had as they are:
# copies out of the module cache, cut down to what compiles from public modules.
# Beside the programs it puts the Gateway API's definitions, of the version that
# Traefik is compiled with. Run in the folder that holds go.mod; see the replace
# lines there.
set -eu

copy() { # MODULE@VERSION FOLDER
	dir=$(cd / && GOFLAGS=-mod=mod go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
	rm -rf "copies/$2"
	mkdir -p copies
	cp -r "$dir" "copies/$2"
	chmod -R u+w "copies/$2"
	find "copies/$2" -name '*_test.go' -delete
}

# Traefik's fork of go-http-auth adds one method to the original.
copy github.com/abbot/go-http-auth@v0.4.1-0.20220112235402-e1cee1c72f2f httpauth
cp stand-ins/stale.go.txt copies/httpauth/stale.go

# Of lego's 220 DNS providers one needs a module that is not public, and
# compiling the rest takes minutes; the sandbox asks for no certificates.
copy github.com/go-acme/lego/v5@v5.4.1 lego
cd copies/lego
rm -rf cmd e2e internal/generators main.go providers/http
sed -i '/^require (/,/^)/d' go.mod
cd providers/dns
find . -mindepth 1 -maxdepth 1 ! -name exec ! -name internal -exec rm -rf {} +
find internal -mindepth 1 -maxdepth 1 ! -name clientdebug -exec rm -rf {} +
cat >zz_gen_dns_providers.go <<'GO'
package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/providers/dns/exec"
)

// NewDNSChallengeProviderByName knows the exec provider alone.
func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	if name == "exec" {
		return exec.NewDNSProvider()
	}

	return nil, fmt.Errorf("unrecognized DNS provider: %s", name)
}
GO

# Last: go reads the copies' go.mod files first. The file that is left out keeps
# users from going back to older definitions.
cd ../../../..
go mod download sigs.k8s.io/gateway-api
mkdir -p bin/gateway-api
cp "$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)"/config/crd/standard/*.yaml bin/gateway-api
rm bin/gateway-api/*_vap_*.yaml
chmod u+w bin/gateway-api/*
