package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"burrow/cmd/bunny/internal/client"
	"burrow/internal/jobs"
)

func (p *program) check(ctx context.Context, args []string) error {
	f := p.flags("check").connecting()
	wait := f.Duration("wait", 10*time.Second, "how long it may take")
	if err := f.parse(args); err != nil {
		return err
	}
	s, err := f.settings()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, *wait)
	defer cancel()
	began := time.Now()
	c, js, err := f.connect(s, jobs.Check, p.log(slog.LevelWarn), false)
	if err != nil {
		return err
	}
	defer c.Close()
	connected := time.Since(began)
	id := rand.Text()
	sent := []byte(rand.Text())
	if _, err := client.Publish(ctx, js, jobs.Canary, id, nil, sent, false); err != nil {
		return fmt.Errorf("send a canary: %w", err)
	}
	stored := time.Since(began)
	// The leader is asked, which has what a majority stored. A check of its own consumer would tell no more, and
	// two checks at once would take each other's canaries.
	question, _ := json.Marshal(map[string]string{"last_by_subj": jobs.Canary + "." + id})
	answer, err := c.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+jobs.Canary, question)
	if err != nil {
		return fmt.Errorf("ask for the canary: %w", err)
	}
	var got struct {
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
		Message struct {
			Data []byte `json:"data"`
		} `json:"message"`
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if got.Error != nil {
		return fmt.Errorf("ask for the canary: %s", got.Error.Description)
	}
	if !bytes.Equal(got.Message.Data, sent) {
		return errors.New("what came back is not what was sent")
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
	fmt.Fprintf(p.out, "ok: %s to connect, %s until stored, %s until read back, by %s\n", ms(connected), ms(stored-connected), ms(time.Since(began)-stored), c.ConnectedServerName())
	return nil
}
