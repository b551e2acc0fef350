package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// A running is what a proxy leaves for env to find while it runs, in a private directory
// beside the files for clients. The authority's key is not there.
type running struct {
	PID      int               `json:"pid"`
	URL      string            `json:"url"`
	Proxy    string            `json:"proxy"` // with its token; "" when it is no forward proxy
	Loopback bool              `json:"loopback"`
	Origins  map[string]string `json:"origins"`
}

// normalPort is the default of --port.
const normalPort = 3000

// runningFile is what a running is written to.
const runningFile = "proxy.json"

// runningHome is where the directories of proxies that run are, by their ports. No
// namespace of a store has its name.
func runningHome(env environment) (string, error) {
	state := stateHome(env)
	if state == "" {
		return "", errors.New("there is no home directory: set HOME or XDG_STATE_HOME")
	}
	return filepath.Join(state, "cannery.running"), nil
}

// announce has env find a proxy, if clients have something to be told of it, until it is
// withdrawn. Who cannot be found is said, and serves all the same.
func (o *start) announce(b *banner, env environment, j *journal) (withdraw func()) {
	if o.authority == nil {
		return func() {}
	}
	dir, err := o.leave(b, env)
	if err != nil {
		j.warn("warning: cannery env will not find this proxy: " + err.Error())
		return func() {}
	}
	b.shell = `eval "$(cannery env)"`
	if b.Port != normalPort {
		b.shell = fmt.Sprintf(`eval "$(cannery env --port %d)"`, b.Port)
	}
	return func() {
		if at, err := readRunning(dir); err == nil && at.PID == b.PID {
			_ = os.RemoveAll(dir) // what cannot be removed is found not to run
		}
	}
}

// leave writes what env and clients read, and returns its directory. Clients of a shell
// that was told of an earlier proxy at this port find the new certificate at once.
func (o *start) leave(b *banner, env environment) (string, error) {
	home, err := runningHome(env)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(home, strconv.Itoa(b.Port))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make %q: %w", dir, cause(err))
	}
	at := running{PID: b.PID, URL: b.URL, Proxy: b.Proxy, Loopback: o.forward.loopback, Origins: b.Origins}
	setup := at.setup(dir, o.authorityPEM(), env)
	if _, err := setup.variables(); err != nil {
		return "", err
	}
	data, err := json.Marshal(at)
	if err != nil {
		return "", err
	}
	_, err = setup.write(runningFile, data)
	return dir, err
}

// setup is what clients are told of a proxy.
func (at *running) setup(dir string, ca []byte, env environment) clientSetup {
	return clientSetup{proxy: at.Proxy, ca: ca, loopback: at.Loopback, dir: dir, lasting: filepath.Dir(dir), env: env}
}

func readRunning(dir string) (*running, error) {
	data, err := os.ReadFile(filepath.Join(dir, runningFile))
	if err != nil {
		return nil, err
	}
	at := new(running)
	return at, json.Unmarshal(data, at)
}

// findRunning returns the proxy that has left a directory, and the certificate of its
// authority. It must answer, and be the one that has left it.
func findRunning(ctx context.Context, dir string) (*running, []byte, error) {
	at, err := readRunning(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nobody(ctx, filepath.Base(dir))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read %q: %w", filepath.Join(dir, runningFile), cause(err))
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return nil, nil, fmt.Errorf("read %q: %w", filepath.Join(dir, "ca.pem"), cause(err))
	}
	shown, err := ownPage(ctx, at.URL, "ca.pem", ca)
	if err != nil {
		return nil, nil, fmt.Errorf("the one that was there is gone: %w", err)
	}
	if !bytes.Equal(shown, ca) {
		return nil, nil, fmt.Errorf("what answers at %s is another one", at.URL)
	}
	return at, ca, nil
}

// nobody says that no proxy has left anything for a port, and why one that is there may
// have not.
func nobody(ctx context.Context, port string) error {
	if _, err := ownPage(ctx, "http://127.0.0.1:"+port, "health", nil); err == nil {
		return errors.New("what answers there was started without --proxy, or with another XDG_STATE_HOME")
	}
	return errors.New("nobody is there")
}

// ownPage asks a proxy for one of its own pages, with roots to trust beside none.
func ownPage(ctx context.Context, at, page string, trusted []byte) ([]byte, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(trusted)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}} // and no proxy
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/__cannery/"+page, http.NoBody)
	if err != nil {
		return nil, err
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New(res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, 1<<20))
}
