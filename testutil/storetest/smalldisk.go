package storetest

import (
	"os/exec"
	"runtime"
	"testing"
)

// SmallDisk mounts a file system in memory over a directory until the test
// ends. Options are those of mount(8), "size=256k" for instance. Where that is
// not possible, the test is skipped.
func SmallDisk(t testing.TB, dir, options string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: only Linux has tmpfs")
	}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput()
	if err != nil {
		t.Skipf("SKIPPED: a small file system cannot be mounted (root may): %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
}
