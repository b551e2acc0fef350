package replay_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/talk"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/sample"
	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// chat is an origin whose sockets welcome, answer each text with "echo " before it and
// each binary message as it is, and close on "bye".
func chat(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refused" {
			http.Error(w, "no sockets here", http.StatusForbidden)
			return
		}
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chat"}, CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 16})
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		conn.SetReadLimit(1 << 20)
		ctx := r.Context()
		conn.Write(ctx, websocket.MessageText, []byte("welcome"))
		for {
			kind, message, err := conn.Read(ctx)
			switch {
			case err != nil:
				return
			case string(message) == "bye":
				conn.Close(4001, "so long")
				return
			case string(message) == "cut":
				return
			case kind == websocket.MessageText:
				message = append([]byte("echo "), message...)
			}
			if conn.Write(ctx, kind, message) != nil {
				return
			}
		}
	}
}

// dialSocket opens a WebSocket that fails rather than hang.
func dialSocket(t *testing.T, url string, opts *websocket.DialOptions) (*websocket.Conn, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return conn, res
}

// hears fails unless the next message is this one.
func hears(t *testing.T, conn *websocket.Conn, kind websocket.MessageType, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if got, message, err := conn.Read(ctx); err != nil || got != kind || string(message) != want {
		t.Fatalf("%v %.100q %v, want %.100q", got, message, err, want)
	}
}

func tells(t *testing.T, conn *websocket.Conn, kind websocket.MessageType, text string) {
	t.Helper()
	if err := conn.Write(t.Context(), kind, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// closes fails unless the other side closes so, and returns its reason.
func closes(t *testing.T, conn *websocket.Conn, code websocket.StatusCode) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, message, err := conn.Read(ctx)
	var closed websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != code {
		t.Fatalf("%q, %v, want a close with %d", message, err, code)
	}
	return closed.Reason
}

const (
	textKind   = websocket.MessageText
	binaryKind = websocket.MessageBinary
)

var large = strings.Repeat("0123456789abcdef", 1<<14)

// talkAll says all there is to say.
func talkAll(t *testing.T, b *bench, cache string) {
	t.Helper()
	conn, res := dialSocket(t, b.URL+"/ws?room=1", &websocket.DialOptions{Subprotocols: []string{"other", "chat"}, CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 16})
	if got := res.Header.Get("X-Cache"); got != cache || conn.Subprotocol() != "chat" {
		t.Errorf("X-Cache %q, subprotocol %q", got, conn.Subprotocol())
	}
	hears(t, conn, textKind, "welcome")
	for _, text := range []string{"hello", `{"a":1,"b":[2]}`, large, ""} {
		tells(t, conn, textKind, text)
		hears(t, conn, textKind, "echo "+text)
	}
	w, err := conn.Writer(t.Context(), textKind) // in fragments
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, strings.Repeat("frag", 2000))
	io.WriteString(w, "ments")
	w.Close()
	hears(t, conn, textKind, "echo "+strings.Repeat("frag", 2000)+"ments")
	tells(t, conn, binaryKind, "\x00\xff")
	hears(t, conn, binaryKind, "\x00\xff")
	pinged := make(chan error, 1)
	go func() { pinged <- conn.Ping(t.Context()) }()
	tells(t, conn, textKind, "after the ping")
	hears(t, conn, textKind, "echo after the ping")
	tells(t, conn, textKind, "bye")
	if reason := closes(t, conn, 4001); reason != "so long" {
		t.Errorf("closed for %q", reason)
	}
	<-pinged
}

// messagesIn returns those of all conversations of a store, in order.
func messagesIn(t *testing.T, b *bench) (all [][]talk.Message) {
	t.Helper()
	for rec, err := range b.store.Recordings(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if !rec.Response.Conversation {
			continue
		}
		var messages []talk.Message
		for m, err := range rec.Messages() {
			if err != nil {
				t.Fatal(err)
			}
			m.After = 0
			messages = append(messages, m)
		}
		all = append(all, messages)
	}
	return all
}

// waitEntries waits until so many requests have been logged.
func (b *bench) waitEntries(t *testing.T, n int) []replay.Entry {
	t.Helper()
	for range 2000 {
		b.mu.Lock()
		entries := b.entries
		b.mu.Unlock()
		if len(entries) >= n {
			return entries
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("fewer than %d requests are logged", n)
	return nil
}

// TestAWebSocketIsRecordedAndReplayed: text, binary, fragments, pings, compression, a
// subprotocol, a code and a reason.
func TestAWebSocketIsRecordedAndReplayed(t *testing.T) {
	b := setUp(t, chat(t), nil)
	talkAll(t, b, "MISS")
	want := []talk.Message{{From: talk.Server, Kind: talk.Text, Data: []byte("welcome")}}
	for _, text := range []string{"hello", `{"a":1,"b":[2]}`, large, "", strings.Repeat("frag", 2000) + "ments", "\x00\xff", "after the ping"} {
		kind, answer := talk.Text, "echo "+text
		if text == "\x00\xff" {
			kind, answer = talk.Binary, text
		}
		want = append(want, talk.Message{From: talk.Client, Kind: kind, Data: []byte(text)}, talk.Message{From: talk.Server, Kind: kind, Data: []byte(answer)})
	}
	want = append(want, talk.Message{From: talk.Client, Kind: talk.Text, Data: []byte("bye")}, talk.Message{From: talk.Server, Kind: talk.Close, Code: 4001, Data: []byte("so long")})
	if diff := cmp.Diff([][]talk.Message{want}, messagesIn(t, b), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for rec := range b.store.Recordings(t.Context()) {
		for _, header := range []http.Header{rec.Request.Header, rec.Response.Header} {
			for name := range header {
				if name == "Sec-Websocket-Key" || name == "Sec-Websocket-Accept" || name == "Sec-Websocket-Extensions" || name == "Connection" {
					t.Errorf("%s is recorded", name)
				}
			}
		}
	}
	off := b.goOffline(t, nil)
	for range 3 {
		talkAll(t, off, "HIT")
	}
	plain, _ := dialSocket(t, off.URL+"/ws?room=1", &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	hears(t, plain, textKind, "welcome")
	tells(t, plain, textKind, "hello")
	hears(t, plain, textKind, "echo hello")
	if err := plain.Close(websocket.StatusNormalClosure, "enough"); err != nil { // before the end
		t.Errorf("close: %v", err)
	}
	if stats := off.proxy.Stats(); stats.Hits != 4 || stats.Misses != 0 {
		t.Errorf("counted as %+v", stats)
	}
	if a := off.get(t, "/ws?room=1"); a.status != http.StatusFailedDependency || !strings.Contains(a.body, "WebSocket") {
		t.Errorf("a plain GET: %d %s", a.status, a.body)
	}
}

// TestLiveAWebSocketIsAlwaysForwarded, and is a further take.
func TestLiveAWebSocketIsAlwaysForwarded(t *testing.T) {
	b := setUp(t, chat(t), nil)
	for _, text := range []string{"one", "two"} {
		conn, _ := dialSocket(t, b.URL+"/ws", nil)
		hears(t, conn, textKind, "welcome")
		tells(t, conn, textKind, text)
		hears(t, conn, textKind, "echo "+text)
		if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
	}
	b.waitEntries(t, 2)
	if n := b.originAsked(); n != 2 {
		t.Errorf("the origin was asked %d times", n)
	}
	if all := messagesIn(t, b); len(all) != 2 || string(all[1][1].Data) != "two" || all[1][3].Kind != talk.Close || all[1][3].From != talk.Client {
		t.Errorf("recorded: %v", all)
	}
}

// TestWhatIsSaidOtherwiseEndsAConversation, with an explanation.
func TestWhatIsSaidOtherwiseEndsAConversation(t *testing.T) {
	b := setUp(t, chat(t), nil)
	conn, _ := dialSocket(t, b.URL+"/ws", nil)
	hears(t, conn, textKind, "welcome")
	for _, text := range []string{`{"id":7,"user":"ada"}`, "bye"} {
		tells(t, conn, textKind, text)
		if text != "bye" {
			hears(t, conn, textKind, "echo "+text)
		}
	}
	closes(t, conn, 4001)
	var told []replay.Unmatched
	var mu sync.Mutex
	off := b.goOffline(t, func(p *replay.Proxy) {
		p.Events.OnMiss = func(u replay.Unmatched) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, u)
		}
	})
	for i, c := range []struct{ says, detail, reason string }{
		{`{"id":7,"user":"bob"}`, "messages[1] differs in the body $.user", "cannery: a message differs from its recording"},
		{`{"user": "ada", "id": 7}`, "", ""},
		{`{"id":8,"user":"ada"}`, "messages[1] differs in the body $.id", "cannery: a message differs from its recording"},
	} {
		conn, res := dialSocket(t, off.URL+"/ws", nil)
		if res.Header.Get("X-Cache") != "HIT" {
			t.Errorf("X-Cache %q", res.Header.Get("X-Cache"))
		}
		hears(t, conn, textKind, "welcome")
		tells(t, conn, textKind, c.says)
		if c.detail == "" {
			hears(t, conn, textKind, `echo {"id":7,"user":"ada"}`)
			conn.CloseNow()
			continue
		}
		reason := closes(t, conn, websocket.StatusPolicyViolation)
		if !strings.HasPrefix(reason, c.reason) || len(reason) > 123 {
			t.Errorf("%d: closed for %q", i, reason)
		}
		mu.Lock()
		u := told[len(told)-1]
		mu.Unlock()
		if !strings.Contains(u.Text, c.detail) || !strings.Contains(u.Text, `- "ada"`) && !strings.Contains(u.Text, "7") {
			t.Errorf("%d: %s", i, u.Text)
		}
	}
	entries := off.waitEntries(t, 3)
	if !slices.ContainsFunc(entries, func(e replay.Entry) bool { return strings.Contains(e.Note, "goes on otherwise than its recording") }) {
		t.Errorf("logged as %+v", entries)
	}
	conn, _ = dialSocket(t, off.URL+"/ws", nil)
	hears(t, conn, textKind, "welcome")
	tells(t, conn, textKind, `{"id":7,"user":"ada"}`)
	hears(t, conn, textKind, `echo {"id":7,"user":"ada"}`)
	report, err := off.proxy.Report(t.Context())
	if err != nil || report.UnmatchedCount != 2 {
		t.Errorf("%d are reported, %v", report.UnmatchedCount, err)
	}
}

// keep stores conversations of an origin's one URL.
func keep(t *testing.T, b *bench, recs ...*fixtures.Recording) {
	t.Helper()
	for _, rec := range recs {
		rec.Request.Origin = b.origin.URL
		view, err := b.store.View(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.store.Append(t.Context(), fixtures.Commit{View: view, Key: view.Rules.Key(&rec.Request), Recording: rec, Seen: fixtures.SeenAll}); err != nil {
			t.Fatal(err)
		}
	}
}

func said(from talk.Party, text string) talk.Message {
	return talk.Message{From: from, Kind: talk.Text, Data: []byte(text)}
}

// asking is a conversation in which the client asks for a name.
func asking(name string) *fixtures.Recording {
	return sample.Talk("/ws", said(talk.Server, "who?"), said(talk.Client, name), said(talk.Server, "hello "+name), said(talk.Client, "thanks"),
		talk.Message{From: talk.Server, Kind: talk.Close, Code: 1000})
}

// TestParallelSocketsFindTheirOwnTakes, by what their clients say, in whatever order
// they were opened and speak.
func TestParallelSocketsFindTheirOwnTakes(t *testing.T) {
	const many = 50
	b := setUp(t, chat(t), nil)
	for i := range many {
		keep(t, b, asking(fmt.Sprint("client ", i)))
	}
	off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence.AfterLast = replay.FailAfterLast })
	var all sync.WaitGroup
	conns := make([]*websocket.Conn, many)
	for i := range many {
		conns[i], _ = dialSocket(t, off.URL+"/ws", nil)
		hears(t, conns[i], textKind, "who?")
	}
	for i := range many {
		all.Go(func() {
			name := fmt.Sprint("client ", (i*7+3)%many)
			tells(t, conns[i], textKind, name)
			if _, got, err := conns[i].Read(t.Context()); err != nil || string(got) != "hello "+name {
				t.Errorf("%q, %v, want hello %s", got, err, name)
				return
			}
			tells(t, conns[i], textKind, "thanks")
			if _, _, err := conns[i].Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
				t.Error(err)
			}
		})
	}
	all.Wait()
	off.waitEntries(t, many)
	report, err := off.proxy.Report(t.Context())
	if err != nil || len(report.Unused) != 0 || report.UnmatchedCount != 0 {
		t.Errorf("%v: unused %v, unmatched %d", err, report.Unused, report.UnmatchedCount)
	}
}

// TestTakesBeginAlikeButForWhatIsVolatile: what a server says when may stand before what
// tells its clients apart.
func TestTakesBeginAlikeButForWhatIsVolatile(t *testing.T) {
	b := setUp(t, chat(t), nil)
	if err := b.store.SetRules(t.Context(), fixtures.Rules{Volatile: []string{"json:$.at"}}); err != nil {
		t.Fatal(err)
	}
	for at, name := range []string{"ada", "bob"} {
		keep(t, b, sample.Talk("/ws", said(talk.Server, fmt.Sprintf(`{"at":%d}`, at)), said(talk.Client, name), said(talk.Server, "hello "+name)))
	}
	off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence.AfterLast = replay.FailAfterLast })
	first, _ := dialSocket(t, off.URL+"/ws", nil)
	hears(t, first, textKind, `{"at":0}`)
	second, _ := dialSocket(t, off.URL+"/ws", nil)
	hears(t, second, textKind, `{"at":1}`)
	tells(t, first, textKind, "bob")
	hears(t, first, textKind, "hello bob")
	tells(t, second, textKind, "ada")
	hears(t, second, textKind, "hello ada")
}

func TestTakesOfAConversationStandInTheOrderRecorded(t *testing.T) {
	b := setUp(t, chat(t), nil)
	for i := range 3 {
		keep(t, b, sample.Talk("/ws", said(talk.Server, fmt.Sprint(i)), talk.Message{From: talk.Server, Kind: talk.Close, Code: 1000}))
	}
	off := b.goOffline(t, nil)
	for _, session := range []string{"", "a"} {
		for _, want := range []string{"0", "1", "2", "2"} {
			conn, _ := dialSocket(t, off.URL+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{fixtures.SessionField: {session}}})
			hears(t, conn, textKind, want)
			closes(t, conn, websocket.StatusNormalClosure)
			if session == "" {
				break
			}
		}
	}
}

// TestARefusedHandshakeIsRecordedAsAnyAnswer.
func TestARefusedHandshakeIsRecordedAsAnyAnswer(t *testing.T) {
	b := setUp(t, chat(t), nil)
	refused := func(b *bench, cache string) {
		t.Helper()
		_, res, err := websocket.Dial(t.Context(), b.URL+"/refused", nil)
		if err == nil || res == nil {
			t.Fatal("it is not refused")
		}
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != http.StatusForbidden || string(body) != "no sockets here\n" || res.Header.Get("X-Cache") != cache {
			t.Errorf("%d %q %q", res.StatusCode, body, res.Header)
		}
	}
	refused(b, "MISS")
	refused(b.goOffline(t, nil), "HIT")
}

// TestAStopClosesBothSides, and what was said is kept as open.
func TestAStopClosesBothSides(t *testing.T) {
	closed := make(chan websocket.StatusCode, 1)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			kind, message, err := conn.Read(context.Background())
			if err != nil {
				closed <- websocket.CloseStatus(err)
				return
			}
			conn.Write(context.Background(), kind, message)
		}
	}, nil)
	requests, stop := context.WithCancel(t.Context())
	stopping := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.proxy.ServeHTTP(w, r.WithContext(requests))
	})}
	b.Config.Handler = stopping.Handler
	conn, _ := dialSocket(t, b.URL+"/ws", nil)
	tells(t, conn, textKind, "hi")
	hears(t, conn, textKind, "hi")
	stop()
	closes(t, conn, websocket.StatusGoingAway)
	if code := <-closed; code != websocket.StatusGoingAway {
		t.Errorf("the origin was closed with %d", code)
	}
	b.waitEntries(t, 1)
	for rec := range b.store.Recordings(t.Context()) {
		if !rec.Response.Open {
			t.Error("the recording is not open")
		}
	}
	if all := messagesIn(t, b); len(all) != 1 || len(all[0]) != 2 {
		t.Errorf("recorded: %v", all)
	}
	off := b.goOffline(t, nil)
	conn, _ = dialSocket(t, off.URL+"/ws", nil)
	tells(t, conn, textKind, "hi")
	hears(t, conn, textKind, "hi")
	off.proxy.Stop()
	closes(t, conn, websocket.StatusGoingAway)
}

// TestWhoLeavesWithoutAWordIsRecorded: 1006, which is no frame.
func TestWhoLeavesWithoutAWordIsRecorded(t *testing.T) {
	for _, from := range []talk.Party{talk.Client, talk.Server} {
		b := setUp(t, chat(t), nil)
		conn, _ := dialSocket(t, b.URL+"/ws", nil)
		hears(t, conn, textKind, "welcome")
		if from == talk.Server {
			tells(t, conn, textKind, "cut")
			if _, _, err := conn.Read(t.Context()); err == nil || websocket.CloseStatus(err) != -1 {
				t.Error(err)
			}
		}
		conn.CloseNow()
		b.waitEntries(t, 1)
		all := messagesIn(t, b)
		if len(all) != 1 {
			t.Fatalf("%s: %d conversations are recorded", from, len(all))
		}
		if last := all[0][len(all[0])-1]; last.Kind != talk.Close || last.Code != talk.Cut || last.From != from {
			t.Errorf("%s: the last message is %+v", from, last)
		}
		if from == talk.Client {
			continue
		}
		off := b.goOffline(t, nil)
		conn, _ = dialSocket(t, off.URL+"/ws", nil)
		hears(t, conn, textKind, "welcome")
		tells(t, conn, textKind, "cut")
		if _, _, err := conn.Read(t.Context()); err == nil || websocket.CloseStatus(err) != -1 {
			t.Error(err)
		}
	}
}

// TestAConversationBeyondItsBoundsPasses, and is not recorded.
func TestAConversationBeyondItsBoundsPasses(t *testing.T) {
	remarks := make(chan string, 10)
	b := setUp(t, chat(t), func(b *bench) {
		b.recorder.MaxBody = 1000
		b.recorder.Remark = func(_ *http.Request, what, why string) { remarks <- what + ": " + why }
	})
	for _, text := range []string{strings.Repeat("x", 400), strings.Repeat("x", 2000)} {
		conn, _ := dialSocket(t, b.URL+"/ws", nil)
		hears(t, conn, textKind, "welcome")
		for range 3 {
			tells(t, conn, textKind, text)
			hears(t, conn, textKind, "echo "+text)
		}
		conn.Close(websocket.StatusNormalClosure, "")
		want := "not recorded: with messages[3] it is longer than --max-body, 1000 bytes"
		if len(text) > 1000 {
			want = "not recorded: client said what cannot be recorded: messages[0]: it has more than 1000 bytes"
		}
		if got := <-remarks; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	b.waitEntries(t, 2)
	if all := messagesIn(t, b); all != nil {
		t.Errorf("recorded: %.200v", all)
	}
}

// TestMalformedFramesLoseNothingElse: they pass, are named, and are not recorded; offline
// their client is told.
func TestMalformedFramesLoseNothingElse(t *testing.T) {
	remarks := make(chan string, 10)
	b := setUp(t, chat(t), func(b *bench) {
		b.recorder.Remark = func(_ *http.Request, what, why string) { remarks <- why }
	})
	keep(t, b, asking("ada"))
	answer := b.shakeHands(t, "\x81\x80\x00\x00\x00\x00\x83\x80\x00\x00\x00\x00")
	if !strings.Contains(answer, "echo \x88") {
		t.Errorf("%q", answer)
	}
	if got := <-remarks; got != "client said what cannot be recorded: messages[1]: a frame has the unknown opcode 3" {
		t.Error(got)
	}
	off := b.goOffline(t, nil)
	answer = off.shakeHands(t, "\x83\x80\x00\x00\x00\x00")
	if !strings.HasSuffix(answer, "\x03\xeamessages[0]: a frame has the unknown opcode 3") {
		t.Errorf("%q", answer)
	}
}

// shakeHands opens a WebSocket, sends these bytes, and returns all that comes back.
func (b *bench) shakeHands(t *testing.T, frames string) string {
	t.Helper()
	conn := b.dial(t)
	defer conn.Close()
	io.WriteString(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-Websocket-Version: 13\r\nSec-Websocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v %+v", err, res)
	}
	io.WriteString(conn, frames)
	answer, _ := io.ReadAll(in)
	return string(answer)
}

// TestADamagedConversationIsNamed, and ends with 1011.
func TestADamagedConversationIsNamed(t *testing.T) {
	b := setUp(t, chat(t), nil)
	rec := asking("ada")
	rec.Response.Body.Bytes = rec.Response.Body.Bytes[:len(rec.Response.Body.Bytes)/2]
	keep(t, b, rec)
	off := b.goOffline(t, nil)
	conn, _ := dialSocket(t, off.URL+"/ws", nil)
	hears(t, conn, textKind, "who?")
	tells(t, conn, textKind, "ada")
	closes(t, conn, websocket.StatusInternalError)
	if e := off.waitEntries(t, 1)[0]; !strings.Contains(e.Note, "messages[2]: it is damaged") {
		t.Errorf("logged as %+v", e)
	}
}

// TestIdsOfAConversationAreEchoed under a rule.
func TestIdsOfAConversationAreEchoed(t *testing.T) {
	b := setUp(t, chat(t), nil)
	if err := b.store.SetRules(t.Context(), fixtures.Rules{Echo: []string{"json:$.id"}}); err != nil {
		t.Fatal(err)
	}
	keep(t, b, sample.Talk("/ws", said(talk.Client, `{"id":1,"n":1}`), said(talk.Client, `{"id":2,"n":2}`), said(talk.Server, `{"id":2}`), said(talk.Server, `{"id":1}`)))
	off := b.goOffline(t, nil)
	conn, _ := dialSocket(t, off.URL+"/ws", nil)
	tells(t, conn, textKind, `{"id":"x","n":1}`)
	tells(t, conn, textKind, `{"id":"y","n":2}`)
	hears(t, conn, textKind, `{"id":"y"}`)
	hears(t, conn, textKind, `{"id":"x"}`)
	tells(t, conn, textKind, `{"id":"z","n":3}`)
	closes(t, conn, websocket.StatusPolicyViolation)
}

// TestTheRecordedPaceIsKept under a replay speed.
func TestTheRecordedPaceIsKept(t *testing.T) {
	b := setUp(t, chat(t), nil)
	late := said(talk.Server, "late")
	late.After = 400 * time.Millisecond
	keep(t, b, sample.Talk("/ws", said(talk.Server, "now"), late))
	off := b.goOffline(t, func(p *replay.Proxy) { p.Answers.ReplaySpeed = 2 })
	conn, _ := dialSocket(t, off.URL+"/ws", nil)
	hears(t, conn, textKind, "now")
	began := time.Now()
	hears(t, conn, textKind, "late")
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// TestCookiesOfAHandshakeAreTheProxys, live as in the replay: without what names the
// origin, and what a client refuses over plain HTTP.
func TestCookiesOfAHandshakeAreTheProxys(t *testing.T) {
	talks := chat(t)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "sid=1; Domain=127.0.0.1; Path=/; Secure")
		talks(w, r)
	}, nil)
	handshake := func(b *bench, cache string) {
		t.Helper()
		conn, res := dialSocket(t, b.URL+"/ws", nil)
		hears(t, conn, textKind, "welcome")
		tells(t, conn, textKind, "bye")
		closes(t, conn, 4001)
		if got := res.Header["Set-Cookie"]; !slices.Equal(got, []string{"sid=1; Path=/"}) || res.Header.Get("X-Cache") != cache {
			t.Errorf("%s: %q", cache, res.Header)
		}
	}
	handshake(b, "MISS")
	b.waitEntries(t, 1)
	handshake(b.goOffline(t, nil), "HIT")
}

// TestASubprotocolThatWasASecretIsTheClientsOwn: clients refuse one that they have not
// offered, and a recording has a placeholder of it.
func TestASubprotocolThatWasASecretIsTheClientsOwn(t *testing.T) {
	for offered, want := range map[string]string{
		"chat, token-of-mine":               "token-of-mine",
		"chat, REDACTED-access-token-1":     "REDACTED-access-token-1",
		"chat":                              "",
		"other, token-of-mine, another-one": "token-of-mine",
	} {
		b := setUp(t, chat(t), nil)
		rec := asking("ada")
		rec.Request.Header["Sec-Websocket-Protocol"] = []string{"chat, REDACTED-access-token-1"}
		rec.Response.Header = http.Header{"Sec-Websocket-Protocol": {"REDACTED-access-token-1"}}
		keep(t, b, rec)
		conn, res := dialSocket(t, b.goOffline(t, nil).URL+"/ws", &websocket.DialOptions{Subprotocols: strings.Split(offered, ", ")})
		hears(t, conn, textKind, "who?")
		if got := res.Header.Get("Sec-Websocket-Protocol"); got != want {
			t.Errorf("%q is answered with %q, want %q", offered, got, want)
		}
	}
}

// TestTakesOfAConversationAmongOtherRequests: a conversation that was recorded after a
// change says what there was then, once the change has come again.
func TestTakesOfAConversationAmongOtherRequests(t *testing.T) {
	state := "old"
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			state = "new"
			return
		}
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.CloseNow()
		conn.Write(r.Context(), textKind, []byte(state))
		conn.Close(websocket.StatusNormalClosure, "")
	}, nil)
	logged := 0
	says := func(b *bench, want string) {
		t.Helper()
		conn, _ := dialSocket(t, b.URL+"/state", nil)
		hears(t, conn, textKind, want)
		closes(t, conn, websocket.StatusNormalClosure)
		logged++
		b.waitEntries(t, logged)
	}
	change := func(b *bench) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPut, b.URL+"/state", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", res, err)
		}
		res.Body.Close()
		logged++
		b.waitEntries(t, logged)
	}
	says(b, "old")
	change(b)
	says(b, "new")
	for range 2 {
		logged = 0
		off := b.goOffline(t, nil)
		says(off, "old")
		says(off, "old") // nothing has changed since
		change(off)
		says(off, "new")
		says(off, "new")
	}
}

// TestPagesOpenSocketsOfTheirOrigin: a page that came from the proxy is one of the
// origin's own for the origin, and another one stays a stranger.
func TestPagesOpenSocketsOfTheirOrigin(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if conn, err := websocket.Accept(w, r, nil); err == nil { // which refuses strangers
			conn.CloseNow()
		}
	}, nil)
	for page, status := range map[string]int{b.URL: http.StatusSwitchingProtocols, "http://stranger.test": http.StatusForbidden} {
		conn, res, err := websocket.Dial(t.Context(), b.URL+"/ws", &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {page}}})
		if res == nil || res.StatusCode != status {
			t.Errorf("%s: %+v, %v", page, res, err)
		}
		if conn != nil {
			conn.CloseNow()
		}
	}
}
