package main

import (
	"context"

	"github.com/coder/websocket"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptSocket opens a WebSocket, has it answer once, and leaves it open; "shut"
// in the place of a URL wants the other side to end it.
func scriptSocket(ts *testscript.TestScript, _ bool, args []string) {
	o := ts.Value(originKey{}).(*scriptOrigin)
	ctx, cancel := context.WithTimeout(context.Background(), scriptDeadline)
	defer cancel()
	if args[0] == "shut" {
		if _, _, err := o.socket.Read(ctx); err == nil || ctx.Err() != nil {
			ts.Fatalf("the WebSocket goes on")
		}
		return
	}
	conn, _, err := websocket.Dial(ctx, args[0], nil)
	ts.Check(err)
	ts.Defer(func() { conn.CloseNow() })
	ts.Check(conn.Write(ctx, websocket.MessageText, []byte("hi")))
	_, _, err = conn.Read(ctx)
	ts.Check(err)
	o.socket = conn
}
