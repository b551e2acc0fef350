package notes

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// A Client is the code under test in the examples that are in Go.
type Client struct {
	URL   string       // of the API, without a slash at the end
	HTTP  *http.Client // nil means http.DefaultClient
	Token string       // of Login
}

// Login gets a token.
func (c *Client) Login(ctx context.Context, user, password string) error {
	var got struct{ Token string }
	err := c.do(ctx, "POST", "/v1/login", map[string]string{"user": user, "password": password}, &got)
	c.Token = got.Token
	return err
}

// Create makes a note.
func (c *Client) Create(ctx context.Context, text string) (n Note, err error) {
	err = c.do(ctx, "POST", "/v1/notes", map[string]string{"text": text}, &n)
	return n, err
}

// List returns all notes.
func (c *Client) List(ctx context.Context) (all []Note, err error) {
	err = c.do(ctx, "GET", "/v1/notes", nil, &all)
	return all, err
}

// Await polls a note until it is ready.
func (c *Client) Await(ctx context.Context, id int) (n Note, err error) {
	for n.State != "ready" {
		if err := c.do(ctx, "GET", fmt.Sprintf("/v1/notes/%d", id), nil, &n); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Delete removes a note.
func (c *Client) Delete(ctx context.Context, id int) error {
	return c.do(ctx, "DELETE", fmt.Sprintf("/v1/notes/%d", id), nil, nil)
}

// do sends a request with a JSON body, nil for none, and reads the answer into
// out.
func (c *Client) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode >= 300:
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, bytes.TrimSpace(data))
	case out == nil:
		return nil
	}
	return json.Unmarshal(data, out)
}
