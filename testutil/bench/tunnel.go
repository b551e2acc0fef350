package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// throughTunnel is the scheme of the URL of a forward proxy that is asked for the
// recordings' origin: in TLS, through tunnels.
const throughTunnel = "tunnel"

// enter asks a forward proxy for a tunnel to a host, and speaks TLS in it.
func enter(ctx context.Context, conn net.Conn, host string) (net.Conn, string, error) {
	req := &http.Request{Method: http.MethodConnect}
	if _, err := fmt.Fprintf(conn, "CONNECT %s:443 HTTP/1.1\r\nHost: %[1]s:443\r\n\r\n", host); err != nil {
		return nil, "", err
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return nil, "", err
	}
	if res.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("a tunnel to %q: %s", host, res.Status)
	}
	return secure(ctx, conn, host)
}

// secure speaks TLS on a connection. Whom the client trusts is not measured.
func secure(ctx context.Context, conn net.Conn, host string) (net.Conn, string, error) {
	secured := tls.Client(conn, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	return secured, host, secured.HandshakeContext(ctx)
}

// openTunnel starts cannery as a forward proxy on a stock.
func (b *bench) openTunnel(ctx context.Context, st *stock) (*process, error) {
	st.origin = originURL
	p, err := b.open(ctx, st, "--proxy", "--cache-size", "64MiB")
	if err != nil {
		return nil, err
	}
	p.url = strings.Replace(p.url, "http", throughTunnel, 1)
	return p, b.sweep(ctx, p, st.count)
}

// tunnelHit compares hits through kept tunnels with a server of TLS.
func (b *bench) tunnelHit(ctx context.Context, store string) error {
	c, _, err := b.warm(ctx, store, thousand, func(st *stock) (*process, error) { return b.openTunnel(ctx, st) }, "-tls")
	if err != nil {
		return err
	}
	c.name = fmt.Sprintf("HIT through a tunnel, %s, against a server of TLS, %s", store, sizeText(thousand.size))
	return b.compare(ctx, c)
}

// tunnelFirst measures what the first request to a host waits for beside the time that a
// server of TLS takes for one on a new connection: CONNECT, and a leaf that is made.
func tunnelFirst(ctx context.Context, b *bench) error {
	base, err := b.floor(ctx, thousand, "-tls")
	if err != nil {
		return err
	}
	st := &stock{store: "offline", state: b.dir, fixtures: b.folder("fixtures")}
	const each = 100
	if err := thousand.fillHosts(st.fixtures, each*b.rounds); err != nil {
		return err
	}
	p, err := b.open(ctx, st, "--proxy")
	if err != nil {
		return err
	}
	var added []float64
	var was, is []float64
	for round := range b.rounds {
		var bare, through []float64
		for i := range each {
			host := hostNumber(round*each + i)
			took, err := first(ctx, base, host, secure)
			if err != nil {
				return err
			}
			bare = append(bare, took)
			if took, err = first(ctx, p, host, enter); err != nil {
				return err
			}
			through = append(through, took)
		}
		was, is = append(was, median(bare)), append(is, median(through))
		added = append(added, is[round]-was[round])
	}
	b.table.add(row{
		Name: "first request to a host, offline: added by CONNECT and a new leaf", Unit: "ms", Goal: 5, Values: added,
		Note: fmt.Sprintf("%.2f ms against %.2f ms", median(is), median(was)),
	})
	return nil
}

// first times the first request on a connection, in milliseconds.
func first(ctx context.Context, p *process, host string, begin func(context.Context, net.Conn, string) (net.Conn, string, error)) (float64, error) {
	began := time.Now()
	_, address, _ := strings.Cut(p.url, "://")
	plain, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return 0, err
	}
	defer plain.Close()
	conn, _, err := begin(ctx, plain, host)
	if err != nil {
		return 0, err
	}
	if _, err := io.WriteString(conn, "GET "+target(0)+" HTTP/1.1\r\nHost: "+host+"\r\n\r\n"); err != nil {
		return 0, err
	}
	if ok, err := readAnswer(bufio.NewReader(conn)); err != nil || !ok {
		return 0, fmt.Errorf("the first request to %q: answered well: %v, %w", host, ok, err)
	}
	return float64(time.Since(began).Microseconds()) / 1e3, nil
}

func hostNumber(i int) string { return fmt.Sprintf("host%d.test", i) }

// fillHosts writes a fixture for each of so many hosts.
func (s sample) fillHosts(dir string, hosts int) error {
	if err := s.of(0).fillFixtures(dir); err != nil {
		return err
	}
	for i := range hosts {
		rec := s.recording(0)
		rec.Request.Origin, rec.Request.Base = "https://"+hostNumber(i), ""
		if err := writeFixture(filepath.Join(dir, fmt.Sprint(hostNumber(i))), rec); err != nil {
			return err
		}
	}
	return nil
}
