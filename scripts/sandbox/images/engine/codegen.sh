#!/bin/sh
# The engine names the SDK's library by a commit, which only its repository
# resolves: here it is the release that was made from it. To find out a module's
# types nothing has to be fetched at all, for its go.mod names what it needs.
subcommand=$1
for argument in "$@"; do
	shift
	case "$former" in
	--lib-version)
		[ "$subcommand" = generate-typedefs ] || set -- "$@" --lib-version "$DAGGER_LIB_VERSION" ;;
	*)
		[ "$argument" = --lib-version ] || set -- "$@" "$argument" ;;
	esac
	former=$argument
done
exec codegen-real "$@"
