package jobs

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Problem is one thing that is wrong with settings.
type Problem struct {
	Field  string // the setting's key in JSON, for example duplicateWindow or backoff[1]
	Value  string // what it says
	Reason string // why that cannot work
	Remedy string // what to write instead
}

func (p Problem) Error() string {
	return fmt.Sprintf("%s = %s\n    why:    %s\n    remedy: %s", p.Field, p.Value, p.Reason, p.Remedy)
}

// Losable are the settings that AllowLoss may name: the ones whose change can lose messages.
var Losable = []string{"jobsBytes", "resultsBytes", "deadBytes", "resultsAge", "deadAge"}

// dnsName is a full name of DNS in lower case (RFC 1123, section 2.1), with a dot at least.
var dnsName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Problems is everything that is wrong with the settings, in the order of their fields; none
// if there is nothing.
func (s Settings) Problems() []Problem {
	var found []Problem
	need := func(ok bool, field string, value any, reason, remedy string) {
		if !ok {
			found = append(found, Problem{field, fmt.Sprint(value), reason, remedy})
		}
	}
	between := func(field string, value, least, most Duration) {
		need(value >= least && value <= most, field, value, "it is out of range", fmt.Sprintf("write %v to %v", least, most))
	}
	const gib = 1 << 30

	need(dnsName.MatchString(s.Name) && len(s.Name) <= 253, "name", s.Name,
		"clients look relay up by it and servers' certificates carry it: it has to be a full DNS name in lower case", "write one such as relay.private.aws.internal")
	need(slices.Contains([]int{1, 3, 5}, s.Servers), "servers", s.Servers,
		"a majority has to agree on each message: two servers outlive no loss, four no more than three, and NATS keeps at most five copies", "write 1, 3 or 5")

	need(s.MaxPayload >= 1<<10 && s.MaxPayload <= 8<<20, "maxPayload", s.MaxPayload,
		"NATS holds each message in memory on every server that it passes, and advises against more than 8 MiB", "write 1024 to 8388608 bytes, and put larger things into a bucket that the job names")
	between("ackWait", s.AckWait, Duration(time.Second), Duration(10*time.Minute))
	between("longestJob", s.LongestJob, Duration(time.Second), Duration(24*time.Hour))
	need(s.MaxDeliveries >= 1 && s.MaxDeliveries <= 100, "maxDeliveries", s.MaxDeliveries, "it is out of range", "write 1 to 100")
	need(len(s.Backoff) > 0, "backoff", "[]", "a job that fails would be tried again at once", `write a wait for each failure, such as ["1s", "1m"]`)
	for i, wait := range s.Backoff {
		between(fmt.Sprintf("backoff[%d]", i), wait, 0, Duration(time.Hour))
	}
	need(s.MaxAckPending >= 1 && s.MaxAckPending <= 100_000, "maxAckPending", s.MaxAckPending, "it is out of range", "write 1 to 100000")
	need(s.DuplicateWindow > s.AckWait+s.LongestJob, "duplicateWindow", s.DuplicateWindow,
		fmt.Sprintf("a worker that is lost after its result is stored is noticed after ackWait (%v), and another may then run for longestJob (%v): its result would come when the first is forgotten", s.AckWait, s.LongestJob),
		fmt.Sprintf("write more than %v", s.AckWait+s.LongestJob))
	const forgotten = "NATS keeps no ids for longer than the messages themselves, and a result that comes again would be stored again"
	need(s.ResultsAge >= s.DuplicateWindow, "resultsAge", s.ResultsAge, forgotten, fmt.Sprintf("write duplicateWindow (%v) or more", s.DuplicateWindow))
	need(s.DeadAge >= s.DuplicateWindow, "deadAge", s.DeadAge, forgotten, fmt.Sprintf("write duplicateWindow (%v) or more", s.DuplicateWindow))

	// Below this many the queue is full after a handful.
	least := 10 * (s.MaxPayload + Headroom)
	for _, of := range []struct {
		field string
		bytes int64
	}{{"jobsBytes", s.JobsBytes}, {"resultsBytes", s.ResultsBytes}, {"deadBytes", s.DeadBytes}} {
		need(of.bytes >= least, of.field, of.bytes, "it does not hold ten messages of maxPayload and their headers", fmt.Sprintf("write %d bytes or more", least))
	}
	sum := s.JobsBytes + s.ResultsBytes + s.DeadBytes + CanaryBytes
	need(s.VolumeBytes >= gib && sum <= s.StoreBytes(), "volumeBytes", s.VolumeBytes,
		fmt.Sprintf("every server holds every stream, up to %d bytes together, and messages get four fifths of the volume (%d); the rest is for Raft logs and the file system", sum, s.StoreBytes()),
		fmt.Sprintf("write %d or more, or make the streams smaller", max(gib, (sum+3)/4*5)))
	for _, key := range s.AllowLoss {
		need(slices.Contains(Losable, key), "allowLoss", key, "no messages are lost by a change of it, or there is no such setting", "write some of "+strings.Join(Losable, ", "))
	}

	ports := map[int]string{}
	for _, of := range []struct {
		field string
		port  int
	}{{"clientPort", s.ClientPort}, {"routePort", s.RoutePort}, {"monitorPort", s.MonitorPort}} {
		need(of.port >= 1024 && of.port <= 65535, of.field, of.port, "servers run without the right to ports below 1024", "write 1024 to 65535")
		need(ports[of.port] == "", of.field, of.port, "it is "+ports[of.port]+", too", "write another port")
		ports[of.port] = of.field
	}
	file := func(field, value string) {
		need(path.IsAbs(value) && !strings.ContainsAny(value, "\"\\\n\r\t"), field, value, "it is no absolute path, or has characters that NATS's configuration reads as its own", "write a plain absolute path")
	}
	file("store", s.Store)
	for _, of := range []struct {
		field string
		files Files
	}{{"clientTLS", s.ClientTLS}, {"routeTLS", s.RouteTLS}} {
		file(of.field+".certificate", of.files.Certificate)
		file(of.field+".key", of.files.Key)
		file(of.field+".authority", of.files.Authority)
	}
	need(s.ClientTLS.Authority != s.RouteTLS.Authority, "routeTLS.authority", s.RouteTLS.Authority,
		"it is the clients' authority, too: a client's certificate would pass for a server's", "make authorities of their own for routes")
	return found
}
