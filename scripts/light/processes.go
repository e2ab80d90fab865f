package light

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
)

// processes are those of one cluster. Each is killed when this program ends,
// however it ends.
type processes struct {
	folder   string
	starts   chan func()             // done by the one thread that starts them
	failed   context.CancelCauseFunc // set by watch
	mutex    sync.Mutex
	stopping bool
	running  map[string]*exec.Cmd // by name
	ends     sync.WaitGroup
}

// newProcesses starts none yet. The kernel kills a child when the thread that
// started it ends (prctl(2), PR_SET_PDEATHSIG), and Go ends threads as it
// likes, except one that a goroutine has to itself.
func newProcesses(folder string) *processes {
	p := &processes{folder: folder, starts: make(chan func()), failed: func(error) {}, running: map[string]*exec.Cmd{}}
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		for start := range p.starts {
			start()
		}
	}()
	return p
}

// watch returns a context that also ends, with the reason as its cause, when a process does.
func (p *processes) watch(ctx context.Context) (context.Context, context.CancelFunc) {
	watched, fail := context.WithCancelCause(ctx)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.failed = fail
	return watched, func() { fail(nil) }
}

// start runs the program under the name, with its output in a file of the folder.
func (p *processes) start(name, program string, args []string) error {
	path := filepath.Join(p.folder, name+".log")
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := &exec.Cmd{
		Path: program, Args: append([]string{name}, args...),
		Dir: p.folder, Env: []string{"HOME=" + p.folder, "TMPDIR=" + p.folder, "PATH=" + os.Getenv("PATH")},
		Stdout: log, Stderr: log, SysProcAttr: attributes(),
	}
	started := make(chan error)
	p.starts <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.running[name] = cmd
	p.ends.Go(func() { p.ended(cmd, path, cmd.Wait()) })
	return nil
}

// kill ends one process without calling it a failure.
func (p *processes) kill(name string) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	cmd := p.running[name]
	delete(p.running, name)
	return cmd.Process.Kill()
}

// ended is told of each process; one that was not stopped has failed.
func (p *processes) ended(cmd *exec.Cmd, path string, err error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	name := cmd.Args[0]
	if p.stopping || p.running[name] != cmd {
		return
	}
	if err == nil {
		err = errors.New("ended")
	}
	text, _ := os.ReadFile(path)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	p.failed(fmt.Errorf("%s: %w\n%s", name, err, strings.Join(lines[max(0, len(lines)-5):], "\n")))
}

// stop kills all and waits for the last.
func (p *processes) stop() {
	p.mutex.Lock()
	p.stopping = true
	for _, cmd := range p.running {
		_ = cmd.Process.Signal(syscall.SIGKILL)
	}
	p.mutex.Unlock()
	p.ends.Wait()
	close(p.starts)
}
