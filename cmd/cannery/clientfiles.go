package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// clientFiles are a private directory with what the clients of a command are to read:
// for as long as the command runs. The zero value has none.
type clientFiles struct {
	dir  string // "" for none
	hand func() // what handOver does
}

// makeClientFiles makes the directory. Until handOver a signal that ends this process
// removes it first.
func makeClientFiles() (*clientFiles, error) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) { // by nohup, or a shell's "&": the command is to inherit that
			signal.Notify(signals, sig)
		}
	}
	dir, err := os.MkdirTemp("", "cannery-clients-*") // of mode 0700
	if err != nil {
		signal.Stop(signals)
		return nil, setupError(os.TempDir(), err)
	}
	f := &clientFiles{dir: dir, hand: sync.OnceFunc(func() {
		signal.Stop(signals)
		close(done)
	})}
	go func() {
		select {
		case sig := <-signals:
			f.remove()
			os.Exit(128 + int(sig.(syscall.Signal))) // as a shell has it
		case <-done:
		}
	}()
	return f, nil
}

// handOver leaves signals to the command, which has begun.
func (f *clientFiles) handOver() {
	if f.hand != nil {
		f.hand()
	}
}

// remove removes the directory. What cannot be removed is no secret.
func (f *clientFiles) remove() {
	f.handOver()
	for range 100 {
		// When a signal comes early a file may be written meanwhile.
		if f.dir == "" || os.RemoveAll(f.dir) == nil {
			return
		}
	}
}
