package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"burrow/internal/jobs"
)

// exitRefused is the exit code of a setup that would lose messages.
const exitRefused = 4

// codeNoPeers is JSClusterNoPeersErrF of nats-server's server/errors.json: some servers are not there yet.
const codeNoPeers jetstream.ErrorCode = 10005

func (p *program) setup(ctx context.Context, args []string) error {
	f := p.flags("setup").connecting()
	wait := f.Duration("wait", 2*time.Minute, "how long to wait for servers that start or choose a leader")
	if err := f.parse(args); err != nil {
		return err
	}
	s, err := f.settings()
	if err != nil {
		return err
	}
	late := time.After(*wait)
	log := p.log(slog.LevelInfo)
	c, js, err := f.connect(s, jobs.Setup, log, true)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		// ctx has no deadline, so that each question has a short one of its own: servers that choose a leader
		// do not answer what they are asked meanwhile.
		err := apply(ctx, js, s, log)
		refused := codeError{}
		api := &jetstream.APIError{}
		switch {
		case err == nil:
			return nil
		case errors.As(err, &refused):
			return err
		case errors.As(err, &api) && api.Code < 500 && api.ErrorCode != codeNoPeers:
			return err // another attempt would be refused, too
		}
		log.Warn("not yet", "error", err.Error())
		select {
		case <-ctx.Done():
			return err
		case <-late:
			return fmt.Errorf("relay was not ready in %v: %w", *wait, err)
		case <-time.After(time.Second):
		}
	}
}

// apply makes streams and consumers what settings say. Nothing is changed if a change of one
// of them would lose messages that settings do not allow to be lost.
func apply(ctx context.Context, js jetstream.JetStream, s jobs.Settings, log *slog.Logger) error {
	type change struct {
		config jetstream.StreamConfig
		is     *jetstream.StreamInfo // nil for a stream that is not there
	}
	var changes []change
	var lost []error
	for _, want := range s.Streams() {
		config := streamConfig(want)
		stream, err := js.Stream(ctx, want.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			changes = append(changes, change{config, nil})
			continue
		case err != nil:
			return fmt.Errorf("look at stream %s: %w", want.Name, err)
		}
		is := stream.CachedInfo()
		lost = append(lost, losses(is, want, s.AllowLoss)...)
		if !sameStream(is.Config, config) {
			changes = append(changes, change{config, is})
		}
	}
	if len(lost) > 0 {
		return codeError{fmt.Errorf("nothing was changed: %w", errors.Join(lost...)), exitRefused}
	}
	for _, c := range changes {
		if c.is == nil {
			if _, err := js.CreateStream(ctx, c.config); err != nil {
				return fmt.Errorf("create stream %s: %w", c.config.Name, err)
			}
			log.Info("stream created", "stream", c.config.Name)
			continue
		}
		if _, err := js.UpdateStream(ctx, c.config); err != nil {
			return fmt.Errorf("change stream %s: %w", c.config.Name, err)
		}
		log.Info("stream changed", "stream", c.config.Name)
	}
	for _, want := range s.Consumers() {
		config := consumerConfig(want)
		is, err := js.Consumer(ctx, want.Stream, want.Name)
		switch {
		case err == nil && sameConsumer(is.CachedInfo().Config, config):
			continue
		case err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound):
			return fmt.Errorf("look at consumer %s of %s: %w", want.Name, want.Stream, err)
		}
		if _, err := js.CreateOrUpdateConsumer(ctx, want.Stream, config); err != nil {
			return fmt.Errorf("create or change consumer %s of %s: %w", want.Name, want.Stream, err)
		}
		log.Info("consumer is as it should be", "stream", want.Stream, "consumer", want.Name)
	}
	return nil
}

// losses are what a change of a stream would lose now and allow does not name.
func losses(is *jetstream.StreamInfo, want jobs.Stream, allow []string) []error {
	var lost []error
	refuse := func(key, what string) {
		if !slices.Contains(allow, key) {
			lost = append(lost, fmt.Errorf("%s: stream %s would lose %s; allowLoss = [%q] allows it", key, want.Name, what, key))
		}
	}
	if is.State.Msgs == 0 {
		return nil
	}
	if want.BytesKey != "" && want.MaxBytes < is.Config.MaxBytes && uint64(want.MaxBytes) < is.State.Bytes {
		refuse(want.BytesKey, fmt.Sprintf("the room of what it holds, %d bytes, for %d, and refuse all that is new until it has shrunk", is.State.Bytes, want.MaxBytes))
	}
	shorter := want.MaxAge > 0 && (is.Config.MaxAge == 0 || want.MaxAge < is.Config.MaxAge)
	if want.AgeKey != "" && shorter && is.State.FirstTime.Before(time.Now().Add(-want.MaxAge)) {
		refuse(want.AgeKey, fmt.Sprintf("the messages older than %v; the first is of %s", want.MaxAge, is.State.FirstTime.UTC().Format(time.RFC3339)))
	}
	return lost
}

// streamConfig is a stream as JetStream's API has it.
func streamConfig(s jobs.Stream) jetstream.StreamConfig {
	c := jetstream.StreamConfig{
		Name: s.Name, Description: s.About, Subjects: s.Subjects, Storage: jetstream.FileStorage, Replicas: s.Replicas,
		Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
		MaxBytes: s.MaxBytes, MaxMsgSize: int32(s.MaxMessage), MaxAge: s.MaxAge, Duplicates: s.DuplicateWindow,
		MaxMsgs: -1, MaxMsgsPerSubject: -1, MaxConsumers: -1, AllowDirect: true,
	}
	if s.WorkQueue {
		c.Retention = jetstream.WorkQueuePolicy
	}
	if s.RefuseNew {
		c.Discard = jetstream.DiscardNew
	}
	if s.OnePerSubject {
		// Without the last, the one message of a subject would be replaced although the stream
		// refuses new ones: that policy alone is about the stream's limits.
		c.MaxMsgsPerSubject, c.Discard, c.DiscardNewPerSubject = 1, jetstream.DiscardNew, true
	}
	return c
}

func consumerConfig(c jobs.Consumer) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Name: c.Name, Durable: c.Name, Description: c.About, AckPolicy: jetstream.AckExplicitPolicy, DeliverPolicy: jetstream.DeliverAllPolicy,
		ReplayPolicy: jetstream.ReplayInstantPolicy, AckWait: c.AckWait, MaxAckPending: c.MaxAckPending, MaxDeliver: -1,
	}
}

// sameStream reports whether a stream is as wanted. What the server adds by itself is left out.
func sameStream(is, want jetstream.StreamConfig) bool {
	want.Metadata, want.ConsumerLimits, want.Placement = is.Metadata, is.ConsumerLimits, is.Placement
	return reflect.DeepEqual(is, want)
}

func sameConsumer(is, want jetstream.ConsumerConfig) bool {
	want.Metadata, want.MaxWaiting = is.Metadata, is.MaxWaiting
	return reflect.DeepEqual(is, want)
}
