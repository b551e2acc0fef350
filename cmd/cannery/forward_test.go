package main

import (
	"net"
	"net/url"
	"testing"

	"example.com/cannery/replay"
)

// TestAnOfflineFrontCannotDial: what the proxy's door passes on goes through what it is
// given, and offline it is given nothing, for whatever host.
func TestAnOfflineFrontCannotDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := &start{offline: true, forward: forwarding{on: true}}
	front := o.front(&replay.Proxy{}, l)
	if front.Dial != nil || front.Forward != nil {
		t.Error("what is not chosen is passed through offline")
	}
	at := &url.URL{Scheme: "https", Host: "api.example.com"}
	if origin := o.anyHost(false, nil)(at.String(), at); origin.Forwarder != nil || origin.Name != at.String() {
		t.Errorf("offline the origin of a host is %+v", origin)
	}
	o.offline = false
	if front := o.front(&replay.Proxy{}, l); front.Dial == nil || front.Forward == nil {
		t.Error("live, nothing is passed through")
	}
}

// TestTokensAreForOthers: this machine's own programs need none.
func TestTokensAreForOthers(t *testing.T) {
	for address, wanted := range map[string]bool{"127.0.0.1:0": false, "127.0.0.2:0": false, "[::1]:0": false, "0.0.0.0:0": true, "192.0.2.1:0": true, "[::]:0": true} {
		addr, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if token := newToken(addr); (token != "") != wanted {
			t.Errorf("%s: token %q", address, token)
		}
	}
	if at := withToken("http://192.0.2.1:3000", "abc"); at != "http://cannery:abc@192.0.2.1:3000" {
		t.Errorf("the URL is %s", at)
	}
}
