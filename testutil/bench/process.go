package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A process is a server that is measured.
type process struct {
	url   string
	ready time.Duration // from its start until it answered

	cmd   *exec.Cmd
	stdin io.Closer

	// family says that children do its work. They end when it is asked to end.
	family bool
}

// start starts a program that prints its URL, or JSON with a url, as its first
// line, and waits until it answers at a path.
func start(ctx context.Context, path string, env []string, argv ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, stdin: stdin}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %q: %s", argv, stderr.String()), p.stop())
	}
	if p.url, err = parseURL(line); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	if path != "" {
		err = p.await(path)
	}
	p.ready = time.Since(began)
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

func parseURL(line []byte) (string, error) {
	if line[0] != '{' {
		return string(bytes.TrimSpace(line)), nil
	}
	var banner struct{ URL string }
	err := json.Unmarshal(line, &banner)
	return banner.URL, err
}

// unchecked asks by HTTP/1.1, as the loads do, and takes any certificate: those of the
// servers are made for one run.
var unchecked = &http.Transport{TLSClientConfig: anyCertificate}

var anyCertificate = &tls.Config{InsecureSkipVerify: true}

// await asks once: whoever says that it is ready must be.
func (p *process) await(path string) error {
	res, err := (&http.Client{Transport: unchecked}).Get(p.url + path)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("ask %q of %q: %s", path, p.cmd.Args, res.Status)
	}
	return err
}

// startQuiet starts a program that does not say when it is ready, and waits
// until it can be connected to at an address, which is its url.
func startQuiet(ctx context.Context, address string, argv ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it may have children
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{url: address, cmd: cmd, stdin: stdin}
	for range 1000 {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return p, conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.Join(fmt.Errorf("%q does not answer at %s", argv, address), p.stop(), errors.New(out.String()))
}

// stop ends the process and waits for it. One with children is asked to end,
// so that they end too.
func (p *process) stop() error {
	p.stdin.Close()
	signal := syscall.SIGKILL
	if p.family {
		signal = syscall.SIGTERM
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = p.cmd.Wait() // it was made to end
	return nil
}

// cpu returns the processor time that the process and its children have used,
// in seconds.
func (p *process) cpu() (float64, error) {
	pids := []int{p.cmd.Process.Pid}
	if p.family {
		children, err := childrenOf(pids[0])
		if err != nil {
			return 0, err
		}
		pids = append(pids, children...)
	}
	var total time.Duration
	for _, pid := range pids {
		used, err := cpuTime(pid)
		if err != nil {
			return 0, err
		}
		total += used
	}
	return total.Seconds(), nil
}

// Kinds of memory, as Linux names them in /proc/PID/status.
const (
	inUse = "VmRSS"
	peak  = "VmHWM" // the most that was in use
)

// memory returns the bytes of a kind of memory of the process.
func (p *process) memory(kind string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if kb, found := strings.CutPrefix(line, kind+":"); found {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("find the memory of process %d: there is no %s", p.cmd.Process.Pid, kind)
}

// forgetPeak makes the memory in use now the most that was (proc_pid_clear_refs(5)).
func (p *process) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
}

// freePort returns a port that was free a moment ago.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
