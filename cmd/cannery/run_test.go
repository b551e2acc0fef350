package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// fetch is a client such as run runs: it asks the proxy for each path, and
// prints the status, X-Cache and the content. A first argument without a slash
// is the method. It fails when there is no answer, whatever the status.
func fetch() {
	method, paths := http.MethodGet, os.Args[1:]
	if len(paths) > 0 && !strings.HasPrefix(paths[0], "/") {
		method, paths = paths[0], paths[1:]
	}
	for _, path := range paths {
		req, err := http.NewRequest(method, os.Getenv(urlVariable)+path, nil)
		var res *http.Response
		if err == nil {
			res, err = http.DefaultClient.Do(req)
		}
		var body []byte
		if err == nil {
			body, err = io.ReadAll(res.Body)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "fetch:", err)
			os.Exit(1)
		}
		fmt.Printf("%d %s %s\n", res.StatusCode, res.Header.Get("X-Cache"), body)
	}
}

// scriptGone waits until processes have ended.
func scriptGone(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile(file)))
		ts.Check(err)
		if err := gone(strconv.Itoa(pid)); err != nil {
			ts.Fatalf("%s: %v", file, err)
		}
	}
}

// gone waits until a process has ended. Its parent need not have seen that.
func gone(pid string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(scriptDeadline)
	for {
		state, _ := exec.Command("ps", "-o", "stat=", "-p", pid).Output() // fails when there is none
		if len(state) == 0 || state[0] == 'Z' {
			return nil
		}
		select {
		case <-tick.C:
		case <-deadline:
			return fmt.Errorf("process %s is still there", pid)
		}
	}
}

// TestRunLeavesNothingBehind: whenever it is killed, what it ran ends too.
func TestRunLeavesNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: what becomes of other processes is tried without -short")
	}
	dir := t.TempDir()
	for i := range 25 {
		seconds := fmt.Sprintf("1000.%d%02d", os.Getpid(), i) // is nobody else's
		command := fmt.Sprintf("sleep %s & sleep %s & wait", seconds, seconds)
		cmd := exec.Command("cannery", "run", "--offline", "--", "sh", "-c", command)
		cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(i) * 4 * time.Millisecond) // the moment of death
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		for _, pid := range processes(t, seconds) {
			if err := gone(pid); err != nil {
				t.Error(err)
			}
		}
		if left := processes(t, seconds); len(left) > 0 {
			t.Errorf("killed after %d ms: processes %q are left", i*4, left)
		}
	}
}

// processes returns the numbers of the living processes that have a word in
// their command line.
func processes(t *testing.T, word string) (pids []string) {
	t.Helper()
	list, err := exec.Command("ps", "-A", "-o", "pid=,stat=,args=").Output()
	if err != nil {
		t.Skip("there is no ps")
	}
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		if strings.Contains(line, word) && !strings.HasPrefix(fields[1], "Z") {
			pids = append(pids, fields[0])
		}
	}
	return pids
}
