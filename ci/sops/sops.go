// Package sops is an application's repository of which files may be encrypted by SOPS, whose program it calls. It does not know what is
// in a file.
package sops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/slipway-cd/slipway/ci/pinned"
)

// programPackage is SOPS's own program, which scripts/sops pins.
const programPackage = "github.com/getsops/sops/v3/cmd/sops"

// Tree is the application's repository, of which files may be encrypted by SOPS. What is in them comes from SOPS's
// program through a pipe, and stays in memory.
type Tree struct {
	files
	ctx     context.Context // a file system's methods take none
	program func(context.Context) (string, error)

	mutex sync.Mutex
	known map[[sha256.Size]byte][]byte // a run renders its overlays several times, and a KMS takes its time
	read  map[string]bool              // the names of all files that were read
}

// ReadFile notes the name of what is read.
func (d *Tree) ReadFile(name string) ([]byte, error) {
	d.mutex.Lock()
	d.read[name] = true
	d.mutex.Unlock()
	return d.files.ReadFile(name)
}

// Used reports whether a file was read.
func (d *Tree) Used(name string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.read[name]
}

// files is what kustomize's source wants of a folder.
type files interface {
	fs.ReadFileFS
	fs.ReadLinkFS
	fs.StatFS
}

// New returns the tree of a folder. Once ctx is over it decrypts nothing more.
func New(ctx context.Context, root string) *Tree {
	return &Tree{files: os.DirFS(root).(files), ctx: ctx, program: findProgram, known: map[[sha256.Size]byte][]byte{}, read: map[string]bool{}}
}

// Decrypt returns the clear text of a file. Keys are those that SOPS finds in the environment.
func (d *Tree) Decrypt(format string, content []byte) ([]byte, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	sum := sha256.Sum256(append([]byte(format+"\n"), content...))
	if clear, ok := d.known[sum]; ok {
		return clear, nil
	}
	program, err := d.program(d.ctx)
	if err != nil {
		return nil, err
	}
	var clear, said bytes.Buffer
	// So every version of SOPS takes it; newer ones have a command decrypt, too.
	cmd := exec.CommandContext(d.ctx, program, "--decrypt", "--input-type", format, "--output-type", format, "/dev/stdin")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(content), &clear, &said
	cmd.WaitDelay = time.Second // what it started may keep the pipes open
	if err := cmd.Run(); err != nil {
		return nil, d.refusal(err, said.String())
	}
	d.known[sum] = clear.Bytes()
	return clear.Bytes(), nil
}

// What SOPS ends with, from its package codes.
const (
	decryptingMAC  = 24
	decryptingTree = 25
	macMismatch    = 51
	macNotFound    = 52
	noKey          = 128
)

// keyNames finds the names of keys in what SOPS says: recipients, fingerprints, resources of a KMS.
var keyNames = regexp.MustCompile(`(?m)^ +(\S+): FAILED$`)

// refusal explains how SOPS's program ended. Of what it said only the names of keys are told: the rest may quote a value.
func (d *Tree) refusal(err error, said string) error {
	if d.ctx.Err() != nil {
		return fmt.Errorf("is encrypted by SOPS, and was not decrypted: %w", context.Cause(d.ctx))
	}
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		return fmt.Errorf("is encrypted by SOPS, and its program cannot be run: %w", err)
	}
	switch code := ended.ExitCode(); code {
	case noKey:
		var keys []string
		for _, found := range keyNames.FindAllStringSubmatch(said, -1) {
			keys = append(keys, found[1])
		}
		return fmt.Errorf("is encrypted by SOPS, and no key of the environment opens it (want one of %s): set SOPS_AGE_KEY (or SOPS_AGE_KEY_FILE), "+
			"or the credentials of its KMS", strings.Join(keys, ", "))
	case decryptingMAC, decryptingTree, macMismatch, macNotFound:
		return errors.New("was changed after SOPS had encrypted it, or is damaged: take it from git as it was, and change it with `sops edit`")
	default:
		return fmt.Errorf("is encrypted by SOPS, which does not decrypt it (exit code %d): `sops decrypt` tells why", code)
	}
}

// findProgram is the one that is installed, else that of scripts/sops.
func findProgram(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("sops"); err == nil {
		return path, nil
	}
	return pinnedProgram(ctx)
}

// pinnedProgram is the program of scripts/sops.
func pinnedProgram(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", errors.New("is encrypted by SOPS, whose program is not here: install sops (https://getsops.io), or Go, which compiles it")
	}
	folder, err := pinned.Module("sops")
	if err != nil {
		return "", err
	}
	told := time.AfterFunc(2*time.Second, func() {
		fmt.Fprintln(os.Stderr, "slipway: compiling SOPS's program, since none is installed: this takes minutes, once")
	})
	defer told.Stop()
	return pinned.Compile(ctx, folder, programPackage)
}
