#!/bin/sh
# Makes the module dang/v2, a scripting SDK that the engine links in, from the
# public v1: the engine compiles against either, and the sandbox runs neither.
# Run in the folder that holds go.mod; see the replace line there.
set -eu

dir=$(cd / && GOFLAGS=-mod=mod go mod download -json github.com/vito/dang@v1.0.1 | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
rm -rf copies/dang
mkdir -p copies
cp -r "$dir" copies/dang
chmod -R u+w copies/dang
cd copies/dang
rm -rf cmd demos editors hack mod pkg/lsp pkg/repl tests treesitter
find . -name '*_test.go' -delete
find . -name '*.go' -exec sed -i 's#"github.com/vito/dang/#"github.com/vito/dang/v2/#' {} +
sed -i 's#^module github.com/vito/dang$#module github.com/vito/dang/v2#' go.mod
