package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// withNginx compares nginx with the floor where it serves files.
func withNginx(ctx context.Context, b *bench) error {
	root := b.folder("nginx-root")
	if err := os.MkdirAll(filepath.Join(root, "v1", "items"), 0o755); err != nil {
		return err
	}
	for i := range thousand.count {
		path, _, _ := strings.Cut(target(i), "?")
		if err := os.WriteFile(filepath.Join(root, path), thousand.body(i), 0o644); err != nil {
			return err
		}
	}
	return b.compareOther(ctx, "nginx, static files", func(*process) (*process, error) {
		return b.nginx(ctx, fmt.Sprintf(`root %s; default_type application/json; open_file_cache max=2000;
			add_header X-Cache HIT; add_header Cache-Control "private, max-age=0";`, root))
	})
}

// withProxyCache compares it where it serves what it has kept.
func withProxyCache(ctx context.Context, b *bench) error {
	return b.compareOther(ctx, "nginx, proxy_cache", func(origin *process) (*process, error) {
		return b.nginx(ctx, fmt.Sprintf(`proxy_pass %s; proxy_cache recordings; proxy_cache_valid 1d;
			proxy_ignore_headers Cache-Control;`, origin.url))
	})
}

// withVarnish compares Varnish, which keeps everything in memory.
func withVarnish(ctx context.Context, b *bench) error {
	return b.compareOther(ctx, "Varnish", func(origin *process) (*process, error) {
		return b.varnish(ctx, origin)
	})
}

// compareOther compares a program with the floor, which is its origin too.
func (b *bench) compareOther(ctx context.Context, name string, start func(origin *process) (*process, error)) error {
	base, err := b.floor(ctx, thousand)
	if err != nil {
		return err
	}
	p, err := b.keep(start(base))
	if err != nil {
		return err
	}
	if err := b.sweep(ctx, p, thousand.count); err != nil {
		return err
	}
	want, got := len(thousand.body(1)), 0
	if _, body, err := fetch(ctx, p); err != nil {
		return err
	} else if got = len(body); got != want {
		return fmt.Errorf("the content of %s is not the floor's: %d bytes, not %d", name, got, want)
	}
	return b.compare(ctx, comparison{
		name: "for comparison: " + name, base: servers{base}, subject: servers{p},
		load: load{connections: busy, count: thousand.count},
	})
}

// nginx starts nginx with directives for all locations.
func (b *bench) nginx(ctx context.Context, location string) (*process, error) {
	program, err := find("nginx")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := b.folder("nginx")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;" // as another it could not read our files
	}
	config := fmt.Sprintf(`%[1]s daemon off; worker_processes auto; pid %[2]s/pid; error_log stderr crit;
		events { worker_connections 1024; }
		http {
			access_log off; keepalive_requests 1000000000; tcp_nodelay on; sendfile on;
			client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
			uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
			proxy_cache_path %[2]s/cache keys_zone=recordings:10m inactive=1d;
			server { listen 127.0.0.1:%[3]s; location / { %[4]s } }
		}`, user, dir, port, location)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	return startFamily(ctx, net.JoinHostPort("127.0.0.1", port), program, "-p", dir, "-e", "stderr", "-c", file)
}

// varnish starts Varnish before an origin, of which it keeps all answers.
func (b *bench) varnish(ctx context.Context, origin *process) (*process, error) {
	program, err := find("varnish")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir := b.folder("varnish")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	host, originPort, err := net.SplitHostPort(strings.TrimPrefix(origin.url, "http://"))
	if err != nil {
		return nil, err
	}
	config := fmt.Sprintf(`vcl 4.1;
		backend default { .host = %q; .port = %q; }
		sub vcl_backend_response { set beresp.ttl = 1d; return (deliver); }`, host, originPort)
	file := filepath.Join(dir, "default.vcl")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		return nil, err
	}
	address := net.JoinHostPort("127.0.0.1", port)
	return startFamily(ctx, address, program, "-F", "-j", "none", "-n", filepath.Join(dir, "work"), "-a", address, "-f", file, "-s", "malloc,256m")
}

// startFamily starts a program whose children answer. Its url is one, unlike
// startQuiet's.
func startFamily(ctx context.Context, address string, argv ...string) (*process, error) {
	p, err := startQuiet(ctx, address, argv...)
	if err != nil {
		return nil, err
	}
	p.url, p.family = "http://"+address, true
	return p, nil
}

// childrenOf returns the processes that a process has started.
func childrenOf(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var children []int
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // not a process
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		if err == nil && parentIn(string(stat)) == pid { // else it has ended
			children = append(children, child)
		}
	}
	return children, nil
}

// parentIn returns the parent's number in what /proc/PID/stat says, 0 if there
// is none.
func parentIn(stat string) int {
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}
