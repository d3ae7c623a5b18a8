package local

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// BenchmarkAgainstFlat compares the default estate with a flat program of as many
// resources of a provider that does nothing: the first up, and a preview with
// nothing to do, as burrow local runs them, with the look at what has to be built
// and with checkpoints. The two take turns. Run it with -benchtime 5x; the
// figures are medians in seconds, and their ratios.
func BenchmarkAgainstFlat(b *testing.B) {
	estate := newRacer(b, filepath.Join("..", ".."))
	flat := newRacer(b, filepath.Join("testdata", "flat"))
	estate.build(b)
	flat.build(b)
	estate.up(b)
	flat.things = estate.resources(b)
	estate.times = map[string][]float64{}
	for range b.N {
		flat.lap(b)
		estate.lap(b)
	}
	for _, what := range []string{"up", "preview"} {
		e, f := median(estate.times[what]), median(flat.times[what])
		b.ReportMetric(e, what+"-s")
		b.ReportMetric(f, "flat-"+what+"-s")
		b.ReportMetric(e/f, what+"-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// A racer is a project that is timed.
type racer struct {
	dir, bin string
	things   int
	world    *World
	times    map[string][]float64
}

func newRacer(b *testing.B, dir string) *racer {
	b.Helper()
	module, err := findModule(".")
	if err != nil {
		b.Fatal(err)
	}
	return &racer{dir: dir, bin: filepath.Join(module, ".burrow", "bin"), times: map[string][]float64{}}
}

func (r *racer) fresh(b *testing.B) {
	b.Helper()
	b.Setenv(ProgramEnv, "")
	var err error
	r.world, err = New(Options{
		Dir: r.dir, Home: b.TempDir(), Bin: r.bin, Notices: &bytes.Buffer{}, extra: []extraServer{{"gate", idle{newGate()}}},
		Env: []string{fmt.Sprint("FLAT_THINGS=", r.things)},
	})
	if err != nil {
		b.Fatal(err)
	}
}

func (r *racer) build(b *testing.B) {
	b.Helper()
	r.fresh(b)
	if _, err := r.world.Build(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// lap is one up in an empty world, and a preview after it.
func (r *racer) lap(b *testing.B) {
	b.Helper()
	r.up(b)
	r.timed(b, "preview")
}

func (r *racer) up(b *testing.B) {
	b.Helper()
	r.fresh(b)
	r.timed(b, "up")
}

func (r *racer) timed(b *testing.B, what string) {
	b.Helper()
	var out bytes.Buffer
	start := time.Now()
	err := r.world.Run(context.Background(), &out, what)
	r.times[what] = append(r.times[what], time.Since(start).Seconds())
	if err != nil {
		b.Fatalf("%s: %v\n%s", what, err, out.String())
	}
}

func (r *racer) resources(b *testing.B) int {
	b.Helper()
	state, err := r.world.readCheckpoint(defaultStack)
	if err != nil {
		b.Fatal(err)
	}
	return len(state.Resources)
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// idle is a provider that takes everything and does nothing.
type idle struct{ *gate }

func (idle) Create(_ context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	return &pulumirpc.CreateResponse{Id: "1", Properties: r.Properties}, nil
}
