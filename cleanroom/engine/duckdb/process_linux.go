package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"parley/cleanroom/engine"
	"parley/internal/weak"
)

// errEnded means that the child ended without a closing frame; errDeadline
// that it was killed at its deadline.
var (
	errEnded    = errors.New("the engine's child ended early")
	errDeadline = errors.New("the engine's child ran into its deadline")
)

// call runs one child: writes the request to its stdin, hands its data frames
// to data and returns the closing frame. The child is dead when call returns,
// whatever happened, and so is everything it may have started.
func (e *Engine) call(ctx context.Context, lim engine.Limits, files []*os.File, req request, data func([]byte) error) ([]byte, error) {
	return e.callWhen(ctx, lim, files, req, data, func() error { return nil })
}

// callWhen is call with a request that the started child gets when ready
// returns, and does not get if it returns an error.
func (e *Engine) callWhen(ctx context.Context, lim engine.Limits, files []*os.File, req request, data func([]byte) error, ready func() error) ([]byte, error) {
	req.Memory, req.Thread = lim.Memory, lim.Threads
	body, err := json.Marshal(req)
	if err != nil {
		return nil, err
	}
	if len(body) > maxRequest {
		return nil, fmt.Errorf("the request to the engine has %d bytes; at most %d are sent", len(body), maxRequest)
	}
	deadline := lim.Deadline
	if weak.Off("R31") {
		deadline += 10 * time.Second
	}
	run, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	done, err := e.converse(run, files, &gated{ready: ready, body: bytes.NewReader(body)}, data)
	var cb callbackError
	switch {
	case errors.As(err, &cb):
		return nil, cb.err
	case err == nil || errors.As(err, new(failure)):
		return done, err
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case run.Err() != nil:
		return nil, errDeadline
	}
	return nil, err
}

// gated is a request that can be read when ready has returned.
type gated struct {
	ready func() error
	body  io.Reader
}

func (g *gated) Read(p []byte) (int, error) {
	if g.ready != nil {
		if err := g.ready(); err != nil {
			return 0, err
		}
		g.ready = nil
	}
	return g.body.Read(p)
}

func (e *Engine) converse(ctx context.Context, files []*os.File, body io.Reader, data func([]byte) error) ([]byte, error) {
	cmd := e.command(files)
	cmd.Stdin = body
	errs := &tail{}
	cmd.Stderr = errs
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	reap, err := startLocked(cmd)
	if err != nil {
		return nil, fmt.Errorf("starting the engine's child: %w", err)
	}
	kill := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { kill(); close(killed) })
	done, err := readFrames(stdout, data)
	if !stop() {
		<-killed // it must be over before the process id is free again
	}
	kill() // whatever was answered: nothing of the child's group stays
	reap()
	if err != nil && isEnd(err) {
		return nil, fmt.Errorf("%w%s", errEnded, errs.hint())
	}
	return done, err
}

func (e *Engine) command(files []*os.File) *exec.Cmd {
	exe := e.opts.Executable
	if exe == "" {
		exe = "/proc/self/exe" // parent and child are one build, always
	}
	cmd := exec.Command(exe, childArg)
	// No inherited environment: it may hold passphrases and tokens. glibc's
	// per-thread arenas would eat the address space.
	cmd.Env = append([]string{childMarker, "MALLOC_ARENA_MAX=2"}, weakened()...)
	cmd.Dir = "/"
	cmd.ExtraFiles = files
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// startLocked starts cmd on a thread of its own and keeps that thread until
// the returned function has reaped the child: the kernel sends Pdeathsig when
// the thread that started the child ends, not the process.
func startLocked(cmd *exec.Cmd) (reap func(), err error) {
	started, release, reaped := make(chan error, 1), make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(reaped)
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		<-release
		_ = cmd.Wait() // the closing frame, not the exit code, says how it went
	}()
	return func() { close(release); <-reaped }, <-started
}

// weakened passes a switched-off defence on to the child. In ordinary builds
// it is always empty.
func weakened() []string {
	for _, id := range []string{"R26", "R30", "R31", "R32"} {
		if weak.Off(id) {
			return []string{"PARLEY_WEAKEN=" + id}
		}
	}
	return nil
}

// explain turns a child's failure into the error the caller sees. what says
// what was being done.
func (e *Engine) explain(err error, lim engine.Limits, what string) error {
	var f failure
	switch {
	case errors.As(err, &f):
		if f.Code == codeMemory {
			return fmt.Errorf("%s: %w: it needs more than its %d MiB of memory (%s)",
				what, engine.ErrLimit, lim.Memory>>20, settingHint(what))
		}
		return fmt.Errorf("%s: %s", what, f.words())
	case errors.Is(err, errDeadline):
		return fmt.Errorf("%s: %w: not finished after %s", what, engine.ErrLimit, lim.Deadline)
	case errors.Is(err, errEnded):
		return fmt.Errorf("%s: %w: %w (%d MiB of memory)", what, engine.ErrLimit, err, lim.Memory>>20)
	}
	return err
}

func settingHint(what string) string {
	switch what {
	case whatParse:
		return "simplify the query"
	case whatImport:
		return "raise importMemoryMiB in the configuration"
	}
	return "raise engineMemoryMiB in the configuration, or ask for fewer groups"
}
