package function

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"dagger.io/dagger"

	"github.com/slipway-cd/slipway/ci/description"
	"github.com/slipway-cd/slipway/ci/engine"
)

// module is that of a step: a folder of the repository, or one elsewhere at its commit.
func module(ctx context.Context, session *engine.Session, s description.Step) (*dagger.Module, error) {
	if folder, ok := s.ModuleFolder(); ok {
		return served(ctx, session.Source("."), path.Clean(folder), s.Module)
	}
	source := session.Module(s.Module)
	url, err := source.CloneRef(ctx)
	if err != nil {
		return nil, err
	}
	commit, err := source.Commit(ctx)
	if err != nil {
		return nil, err
	}
	if pinned := s.Module[strings.LastIndex(s.Module, "@")+1:]; commit != pinned {
		return nil, fmt.Errorf("the engine has found commit %s", commit)
	}
	folder, err := source.SourceRootSubpath(ctx)
	if err != nil {
		return nil, err
	}
	return served(ctx, session.Git(url, commit), path.Clean(folder), s.Module)
}

// served is the module in a folder of a repository as it is served to this session. The engine is to carry out its functions in
// each session anew: otherwise it remembers what one returned for as long as its author allows, by default a week, and a step may
// do something elsewhere (https://docs.dagger.io/extending/function-caching).
func served(ctx context.Context, repository *dagger.Directory, folder, reference string) (*dagger.Module, error) {
	file := path.Join(folder, "dagger.json")
	content, err := repository.File(file).Contents(ctx)
	if err != nil {
		return nil, err
	}
	name, content, err := withoutCache(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	source := repository.WithNewFile(file, content).AsModuleSource(dagger.DirectoryAsModuleSourceOpts{SourceRootPath: folder})
	return source.WithName(alias(name, reference)).AsModule(), nil
}

// withoutCache is what dagger.json says, and that the engine is to remember no results from one session to another.
func withoutCache(content string) (name, uncached string, err error) {
	said := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(content), &said); err != nil {
		return "", "", err
	}
	if err := json.Unmarshal(said["name"], &name); err != nil {
		return "", "", fmt.Errorf("name: %w", err)
	}
	said["disableDefaultFunctionCaching"] = json.RawMessage("true")
	out, err := json.Marshal(said)
	return name, string(out), err
}

// alias is a name for a module which no other one has: of two with the same, the engine serves the first alone and says nothing.
// In small letters alone it is the name of the API's field, too.
func alias(name, reference string) string {
	letters := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, strings.ToLower(name))
	sum := sha256.Sum256([]byte(reference))
	for _, b := range sum[:8] {
		letters += string('a' + rune(b%26))
	}
	return letters
}
