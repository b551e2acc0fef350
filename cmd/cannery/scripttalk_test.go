package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/coder/websocket"
)

// talk is a client such as run runs: it opens a WebSocket at a path of the proxy's, says
// each text and prints what is answered, and closes. What ends it before is printed.
func talk() {
	ctx, cancel := context.WithTimeout(context.Background(), scriptDeadline)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, strings.Replace(os.Getenv("CANNERY_URL"), "http", "ws", 1)+os.Args[1], nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "talk:", err)
		os.Exit(1)
	}
	defer conn.CloseNow()
	for _, text := range os.Args[2:] {
		err := conn.Write(ctx, websocket.MessageText, []byte(text))
		var answer []byte
		if err == nil {
			_, answer, err = conn.Read(ctx)
		}
		var closed websocket.CloseError
		switch {
		case errors.As(err, &closed):
			fmt.Printf("closed with %d: %s\n", closed.Code, closed.Reason)
			return
		case err != nil:
			fmt.Println(err)
			return
		}
		fmt.Printf("%s\n", answer)
	}
	_ = conn.Close(websocket.StatusNormalClosure, "") // which has been seen if it fails
}
