package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestASignalLeavesNoFilesOfClients: whenever it comes, before the command has begun
// or while it runs.
func TestASignalLeavesNoFilesOfClients(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: what becomes of other processes is tried without -short")
	}
	dir := t.TempDir()
	for i := range 20 {
		cmd := exec.Command("cannery", "run", "--offline", "--tls", "--", "sleep", "1000")
		cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+dir, "TMPDIR="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(i) * 4 * time.Millisecond) // the moment of the signal
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was ended
		if left, _ := filepath.Glob(filepath.Join(dir, "cannery-clients-*")); left != nil {
			t.Errorf("a signal after %d ms: %q is left", i*4, left)
			_ = os.RemoveAll(left[0])
		}
	}
}
