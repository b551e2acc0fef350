package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A process is a server that is measured.
type process struct {
	url   string
	began time.Time
	ready time.Duration // from its start until it answered

	cmd   *exec.Cmd
	stdin io.Closer
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
	p := &process{cmd: cmd, stdin: stdin, began: time.Now()}
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
	p.ready = time.Since(p.began)
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

// await asks once: whoever says that it is ready must be.
func (p *process) await(path string) error {
	res, err := http.Get(p.url + path)
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

// stop ends the process and waits for it.
func (p *process) stop() error {
	p.stdin.Close()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	_ = p.cmd.Wait() // it was killed
	return nil
}

// cpu returns the processor time that the process has used, in seconds, as
// exact as the kernel's clock ticks of 10 ms.
func (p *process) cpu() (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const user, system, ticks = 11, 12, 100
	var total float64
	for _, field := range []string{fields[user], fields[system]} {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0, err
		}
		total += n / ticks
	}
	return total, nil
}

// memory returns the bytes of memory that the process has in use.
func (p *process) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if kb, found := strings.CutPrefix(line, "VmRSS:"); found {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(kb), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("find the memory of process %d: there is no VmRSS", p.cmd.Process.Pid)
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

// startRedis starts a redis-server that keeps nothing on disk. Its url is its
// address.
func startRedis(ctx context.Context, dir string, more ...string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "redis-"+port)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "no"}, more...)
	cmd := exec.CommandContext(ctx, "redis-server", args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{url: net.JoinHostPort("127.0.0.1", port), cmd: cmd, stdin: stdin, began: time.Now()}
	for range 500 {
		conn, err := net.Dial("tcp", p.url)
		if err == nil {
			return p, conn.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.Join(errors.New("redis-server did not start"), p.stop())
}
