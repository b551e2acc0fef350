// Package testutil lets a Go test use recordings in place of an HTTP origin.
//
//	api := testutil.Start(t, "testdata/fixtures")
//	res, err := api.Client().Get(api.URL + "/v1/items")
//
// The Server answers from the fixtures in a directory and cannot reach the
// network. A request that is not recorded fails the test with an explanation.
// It ends with the test.
//
// Every test has a session of its own, which is named after it: it gets the
// recordings that were made in this session, else those of no session, each
// request its takes in the order recorded, and does not disturb others. So tests
// may run in parallel and several times, and share a directory. A subtest gets
// one with Server.Session.
//
// To record, say in the code where from:
//
//	api := testutil.Config{Dir: "testdata/fixtures", Origin: "https://api.example.com"}.Start(t)
//
// and run the tests once with CANNERY_RECORD=1. All their requests are then
// forwarded to the origin. At the end of a test that has passed what was recorded
// in its sessions, cleaned of secrets, replaces the fixtures of these sessions.
// All other fixtures stay: those of tests that have failed, were skipped or have
// not run, and those of no session. So a test that records calls Start once for a
// directory and an origin; a second Start would replace what the first has
// recorded, and fails.
//
// Code that has its URLs fixed needs no URL of a Server's, only a client, or a transport:
//
//	client := testutil.Client(t, "testdata/fixtures")
//	res, err := client.Get("https://api.example.com/v1/items")
//
// It answers for every host, and records every host with CANNERY_RECORD=1, as "cannery
// run --proxy" does for whole programs.
package testutil

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/replay/authority"
)

// recordVariable is set to true, as strconv.ParseBool has it, to record.
const recordVariable = "CANNERY_RECORD"

// A Config says how to stand in for an origin. Only Dir is needed.
type Config struct {
	// Dir is the directory of fixtures, relative to that of the test's
	// package. It need not exist to record.
	Dir string

	// Origin is the URL to record from when CANNERY_RECORD=1 is in the
	// environment. "" means to replay then too, whatever origins the
	// recordings are of; StartProxy needs none to record.
	Origin string

	// OriginName is what fixtures call the origin, for one whose URL is not
	// always the same, such as a server on a free port. "" means Origin.
	OriginName string

	// Others are the URLs of further origins to record from, by their names:
	// letters, digits, '.', '-' and '_'. Server.OriginURL says where each is. Nil
	// means none; those that are recorded are replayed in any case.
	Others map[string]string

	// Methods are answered as GET is, and are not taken to change anything:
	// POST, for an API that is asked in this way only. Nil means none.
	Methods []string

	// AfterLast says what a request gets that is made more often than it was
	// recorded. Zero repeats the last take.
	AfterLast replay.AfterLast

	// AllowMiss lets a test go on after a request that is not recorded. False
	// means that it fails.
	AllowMiss bool

	// MissStatus is the status that such a request is answered with. Zero
	// means 424.
	MissStatus int

	// FailUnused makes the test fail when it has not asked for all that is
	// recorded in its sessions, and in no session. False ignores that.
	FailUnused bool

	// LeaveBody leaves the origin's URL in textual content. False puts the
	// Server's in its place, unless the rules of the fixtures say otherwise.
	LeaveBody bool

	// OriginCA are the authorities that sign the certificates of origins, to record
	// from them. Nil are the system's.
	OriginCA *x509.CertPool

	anyHost bool // the Server is a forward proxy
}

// Start starts a stand-in that answers from the fixtures in a directory, and
// ends with the test. When it cannot be started the test fails at once.
func Start(t testing.TB, dir string) *Server {
	t.Helper()
	return Config{Dir: dir}.Start(t)
}

// Start starts what the Config describes. It ends with the test. When it cannot
// be started the test fails at once.
func (c Config) Start(t testing.TB) *Server {
	t.Helper()
	mode, err := c.mode(t)
	if err != nil {
		t.Fatalf("start a stand-in on %q: %v", c.Dir, err)
	}
	all := &servers{mode: mode, test: &test{TB: t}}
	if c.anyHost {
		if all.authority, err = authority.New(); err != nil {
			t.Fatalf("start a stand-in on %q: %v", c.Dir, err)
		}
	}
	t.Cleanup(all.end)
	return all.start(t)
}

// mode chooses between replaying and recording.
func (c *Config) mode(t testing.TB) (mode, error) {
	t.Helper()
	record := false
	if text := os.Getenv(recordVariable); text != "" {
		var err error
		if record, err = strconv.ParseBool(text); err != nil {
			return nil, fmt.Errorf("%s is %q: set it to 1 to record", recordVariable, text)
		}
	}
	origin, err := c.origin()
	if err != nil {
		return nil, err
	}
	switch {
	case c.Dir == "":
		return nil, errors.New("there is no Dir")
	case record && (origin != nil || c.anyHost):
		return newRecording(t, c, origin)
	case record:
		t.Logf("%s is set, but no Origin: %s is replayed", recordVariable, c.Dir)
	}
	return newReplaying(t, c)
}

// origin returns the URL of the origin, nil for none.
func (c *Config) origin() (*url.URL, error) {
	if c.Origin == "" {
		return nil, nil
	}
	u, err := url.Parse(c.Origin)
	if err != nil {
		return nil, errors.New("the Origin cannot be parsed as a URL") // which may have a password in it
	}
	return normalOrigin(u)
}

func normalOrigin(u *url.URL) (*url.URL, error) {
	if err := checkOrigin(u); err != nil {
		return nil, err
	}
	return recorder.NormalOrigin(u), nil
}

var originName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// origins returns all origins as a proxy has them, the first of them that at a URL.
func (c *Config) origins(first *url.URL) ([]replay.Origin, error) {
	all := []replay.Origin{{Name: c.name(first), URL: first}}
	for _, name := range slices.Sorted(maps.Keys(c.Others)) {
		u, err := url.Parse(c.Others[name])
		switch {
		case !originName.MatchString(name):
			return nil, fmt.Errorf("the name %q in Others is not of letters, digits, '.', '-' and '_'", name)
		case name == all[0].Name:
			return nil, fmt.Errorf("the name %q in Others is that of Origin", name)
		case err != nil:
			return nil, fmt.Errorf("%q in Others cannot be parsed as a URL", name)
		}
		if u, err = normalOrigin(u); err != nil {
			return nil, fmt.Errorf("%q in Others: %w", name, err)
		}
		all = append(all, replay.Origin{Name: name, URL: u})
	}
	return all, nil
}

// checkOrigin looks whether a URL can be an origin's. The error quotes it, but
// for a password.
func checkOrigin(u *url.URL) error {
	if fixtures.DefaultPort(u.Scheme) == "" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("the Origin %q is not a URL such as https://httpbin.org, without user, query and fragment", u.Redacted())
	}
	return nil
}

// name is what fixtures call the origin, "" when that is left to them.
func (c *Config) name(origin *url.URL) string {
	if c.OriginName != "" || origin == nil {
		return c.OriginName
	}
	return origin.String()
}

// proxy returns what both modes have in common.
func (c *Config) proxy() *replay.Proxy {
	return &replay.Proxy{
		Answers: replay.Answers{MissStatus: c.MissStatus, LeaveBody: c.LeaveBody},
	}
}
