package check

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/storetest"
)

// front starts a proxy in live mode, on a store, before an origin, and returns its URL.
// It says of requests what is worth saying. It ends with the test.
func front(t testing.TB, store storetest.Store, origin string, say func(url, what string)) string {
	t.Helper()
	at, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	transport := recorder.NewTransport(recorder.TransportConfig{Timeout: time.Minute})
	proxy := httptest.NewUnstartedServer(&replay.Proxy{
		Cache: &replay.Cache{Store: store},
		Origin: replay.Origin{Name: origin, URL: at, Forwarder: &recorder.Recorder{
			Origin: at, Transport: transport, Store: store, MaxBody: 1 << 30,
			Remark: func(r *http.Request, what, why string) { say(r.RequestURI, what+": "+why) },
		}},
		Events: replay.Events{Log: func(e replay.Entry) {
			if e.Note != "" {
				say(e.URL, e.Note)
			}
		}},
	})
	proxy.Config.DisableGeneralOptionsHandler = true
	proxy.Start()
	t.Cleanup(func() {
		proxy.CloseClientConnections()
		proxy.Close()
		transport.CloseIdleConnections()
	})
	return proxy.URL
}

// newClient returns a client that asks for nothing by itself.
func newClient(t testing.TB, connections int) *http.Client {
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: connections}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}
