package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// caVariable tells a command where the certificate of the CA is, for clients that read
// none of the variables that are set.
const caVariable = "CANNERY_CA"

// A clientSetup is what programs are told so that they use the forward proxy and trust
// its certificates. What the user has told them is extended.
type clientSetup struct {
	proxy    string      // URL of the proxy, with its token; "" when only trust is set
	ca       []byte      // the CA's certificate, PEM
	loopback bool        // what is on loopback is asked through the proxy, too
	dir      string      // a private directory of ours, for files
	lasting  string      // one for what Node cannot begin without, and so is to outlive the proxy; "" is dir
	env      environment // what the user has set

	trusted *certificates // by variables
}

// tellClients returns the variables of a command that is to use a forward proxy at a URL,
// or is only to trust the certificates that it will be shown, when front is nil; none
// when it is shown none. Files are theirs.
func (o *start) tellClients(front *front, at string, env environment) (told []string, files *clientFiles, err error) {
	trusted := o.trusted()
	if trusted == nil {
		return nil, &clientFiles{}, nil
	}
	if files, err = makeClientFiles(); err != nil {
		return nil, nil, err
	}
	setup := clientSetup{ca: trusted, loopback: o.forward.loopback, dir: files.dir, env: env}
	if front != nil {
		setup.proxy = withToken(at, front.token)
	}
	if told, err = setup.variables(); err != nil {
		files.remove()
		return nil, nil, err
	}
	return told, files, nil
}

// variables writes the files, and returns NAME=VALUE for each variable, sorted.
func (s clientSetup) variables() ([]string, error) {
	told := map[string]string{}
	s.trusted = s.roots()
	for _, tell := range []func(map[string]string) error{s.tellTrust, s.tellProxy, s.tellNode, s.tellJava, s.tellWget, s.tellGit, s.tellPHP} {
		if err := tell(told); err != nil {
			return nil, err
		}
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(told)) {
		all = append(all, name+"="+told[name])
	}
	return all, nil
}

// tellProxy sets what most clients read. There is no ALL_PROXY: it would send what is
// not HTTP to the proxy too, and the user's stays for that.
func (s clientSetup) tellProxy(told map[string]string) error {
	if s.proxy == "" {
		return nil
	}
	// curl, wget and Ruby read http_proxy in lower case only, others prefer one of them.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		told[name], told[strings.ToLower(name)] = s.proxy, s.proxy
	}
	told["PERL_LWP_ENV_PROXY"] = "1" // or Perl's LWP reads none of them
	direct := strings.Join(s.direct(), ",")
	told["NO_PROXY"], told["no_proxy"] = direct, direct
	// npm and Cargo have files of settings, which these overrule.
	for name, value := range map[string]string{"npm_config_proxy": s.proxy, "npm_config_https_proxy": s.proxy, "npm_config_noproxy": direct, "CARGO_HTTP_PROXY": s.proxy} {
		for _, name := range s.spellings(name) {
			told[name] = value
		}
	}
	return nil
}

// spellings returns a variable and, of npm's, the other ways in which the user has
// spelled it: npm reads them in either case.
func (s clientSetup) spellings(name string) []string {
	all := []string{name}
	for _, other := range s.env.names {
		if other != name && strings.HasPrefix(name, "npm_config_") && strings.EqualFold(other, name) {
			all = append(all, other)
		}
	}
	return all
}

// loopbackHosts are as NO_PROXY has them. Some clients want brackets.
var loopbackHosts = []string{"localhost", "127.0.0.1", "::1", "[::1]"}

// direct returns the hosts that clients are to ask without the proxy: the user's, and
// loopback where that is left alone. A user's * would leave nothing to the proxy.
func (s clientSetup) direct() []string {
	var hosts []string
	if !s.loopback {
		hosts = slices.Clone(loopbackHosts)
	}
	for _, name := range []string{"NO_PROXY", "no_proxy"} {
		for host := range strings.FieldsFuncSeq(s.env.get(name), func(r rune) bool { return r == ',' || r == ' ' }) {
			if host != "*" && !slices.Contains(hosts, host) && !(s.loopback && isLoopbackEntry(host)) {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}

// isLoopbackEntry reports whether an entry of NO_PROXY stands for loopback.
func isLoopbackEntry(entry string) bool {
	return slices.Contains(loopbackHosts, entry) || strings.HasPrefix(entry, "127.")
}

// write writes a file of ours and returns its path.
func (s clientSetup) write(name string, data []byte) (string, error) {
	return writeWhole(filepath.Join(s.dir, name), data)
}

// writeWhole is write for any path.
func writeWhole(path string, data []byte) (string, error) {
	err := replaceFile(path, 0o600, func(out io.Writer) error {
		_, err := out.Write(data)
		return err
	})
	if err != nil {
		return "", setupError(path, err)
	}
	return path, nil
}

// appended returns a variable of the user's with options behind it, unless it has them.
func (s clientSetup) appended(name, options string) string {
	own := s.env.get(name)
	if strings.Contains(own, options) {
		return own
	}
	return strings.TrimSpace(own + " " + options)
}

// setupError says that a file for clients could not be written.
func setupError(path string, err error) error {
	return &failure{exitFailed, fmt.Errorf("write %q for the clients of the proxy: %w", path, cause(err)), "set TMPDIR to a directory that can be written to"}
}
