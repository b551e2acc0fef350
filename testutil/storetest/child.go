package storetest

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
)

// ChildDir is the environment variable that tells a test which Child has
// started the directory to work on. Elsewhere it is empty, and such a test is
// skipped.
const ChildDir = "CANNERY_TEST_CHILD_DIR"

// Child starts the running test binary again, to run one of its tests only, and
// returns the lines that it prints. The caller kills it, or waits for its end.
func Child(t testing.TB, test, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), ChildDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}
