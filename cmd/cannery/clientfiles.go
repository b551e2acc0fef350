package main

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/gofrs/flock"
)

// clientFiles are a private directory with what the clients of a command are to read:
// for as long as the command runs. The zero value has none.
type clientFiles struct {
	dir  string       // "" for none
	lock *flock.Flock // says that this process lives; nil where there are no locks
	hand func()       // what handOver does
}

const (
	// clientsPrefix begins the names of the directories, among other temporary files.
	clientsPrefix = "cannery-clients-"

	// clientsLock is a file in each that its process has locked for as long as it lives,
	// however it ends.
	clientsLock = "lock"
)

// makeClientFiles makes the directory. Until handOver a signal that ends this process
// removes it first. Those of processes that were killed outright are removed.
func makeClientFiles() (*clientFiles, error) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(sig) { // by nohup, or a shell's "&": the command is to inherit that
			signal.Notify(signals, sig)
		}
	}
	removeAbandoned()
	dir, lock, err := makeLockedDir()
	if err != nil {
		signal.Stop(signals)
		return nil, setupError(os.TempDir(), err)
	}
	f := &clientFiles{dir: dir, lock: lock, hand: sync.OnceFunc(func() {
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

// makeLockedDir makes a directory that nobody else removes while this process lives.
func makeLockedDir() (dir string, lock *flock.Flock, err error) {
	const tries = 10
	for range tries {
		if dir, err = os.MkdirTemp("", clientsPrefix+"*"); err != nil { // of mode 0700
			return "", nil, err
		}
		lock = flock.New(filepath.Join(dir, clientsLock))
		held, failed := lock.TryLock()
		switch _, gone := os.Stat(lock.Path()); {
		case held && gone == nil:
			return dir, lock, nil
		case failed != nil && gone == nil: // there are no locks here
			return dir, nil, os.Remove(lock.Path())
		}
		_ = lock.Close() // another run has taken it for abandoned before it was locked
	}
	dir, err = os.MkdirTemp("", clientsPrefix+"*") // without a lock nobody takes it for abandoned
	return dir, nil, err
}

// removeAbandoned removes the directories of this user's processes that have ended
// without it. One without a lock may be anybody's, and stays.
func removeAbandoned() {
	entries, _ := os.ReadDir(os.TempDir()) // what cannot be read has nothing of ours
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), clientsPrefix) {
			continue
		}
		dir := filepath.Join(os.TempDir(), entry.Name())
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !isOwn(info) {
			continue
		}
		lock := flock.New(filepath.Join(dir, clientsLock), flock.SetFlag(os.O_RDONLY)) // which makes no file
		held, _ := lock.TryLock()
		if held {
			_ = os.RemoveAll(dir)
		}
		_ = lock.Close()
		if held {
			_ = os.RemoveAll(dir) // where a file that is open cannot be removed
		}
	}
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
	if f.lock != nil {
		_ = f.lock.Close()
	}
	for range 100 {
		// When a signal comes early a file may be written meanwhile.
		if f.dir == "" || os.RemoveAll(f.dir) == nil {
			return
		}
	}
}
