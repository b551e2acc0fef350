package storetest

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// SmallDisk mounts a file system in memory, that nobody else may write to, over a
// directory until the test ends. Options are those of mount(8), "size=256k" for instance. Only root on Linux
// may: elsewhere the test is skipped, but fails when CI=true.
func SmallDisk(t testing.TB, dir, options string) {
	t.Helper()
	unmount, err := MountSmallDisk(dir, options)
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatalf("CI=true demands this test: %v", err)
	case err != nil:
		t.Skipf("SKIPPED: %v", err)
	}
	t.Cleanup(func() {
		if err := unmount(); err != nil {
			t.Error(err)
		}
	})
}

// MountSmallDisk is SmallDisk without a test.
func MountSmallDisk(dir, options string) (unmount func() error, err error) {
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0700,"+options, "tmpfs", dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("a small file system cannot be mounted (root on Linux may): %w: %s", err, out)
	}
	return func() error {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			return fmt.Errorf("umount: %w: %s", err, out)
		}
		return nil
	}, nil
}
