package jobs

import "fmt"

// An Identity is somebody who connects to a server. The certificate says who it is, by a URI among
// its alternative names: the server takes what stands there for the name of a user
// (verify_and_map; the order of e-mail, DNS, URI and subject is in checkClientTLSCertSubject of
// nats-server's server/auth.go). A URI is used because no host name can be mistaken for
// one, as a DNS name or a subject's common name can: a server's certificate names nobody, and
// a client's is no server's.
type Identity string

const (
	Server   Identity = "server"   // relay's servers, towards clients; no user
	Route    Identity = "route"    // relay's servers, towards each other
	Bunny    Identity = "bunny"    // takes jobs, brings results
	Producer Identity = "producer" // brings jobs, reads results
	Check    Identity = "check"    // writes and reads canaries
	Setup    Identity = "setup"    // creates and changes streams and consumers
	System   Identity = "system"   // asks servers about themselves
)

// Clients are the identities that are users of relay's account or of the system's.
var Clients = []Identity{Bunny, Producer, Check, Setup, System}

// URI is how certificates name the identity, after SPIFFE (https://spiffe.io/docs/latest/spiffe-about/spiffe-concepts/).
func (s Settings) URI(of Identity) string { return "spiffe://" + s.Name + "/" + string(of) }

// Inbox is the prefix of the subjects on which an identity hears answers. Nobody else may listen there.
func (of Identity) Inbox() string { return "_INBOX_" + string(of) }

// Permissions are the subjects on which an identity may publish and to which it may subscribe.
// All that is not here is denied.
type Permissions struct{ Publish, Subscribe []string }

// Permissions of a client. Those of System hold in the servers' own account, where there are no jobs.
func (s Settings) Permissions(of Identity) Permissions {
	may := Permissions{Subscribe: []string{of.Inbox() + ".>"}}
	publish := func(subjects ...string) { may.Publish = append(may.Publish, subjects...) }
	// consume is what a client of a durable pull consumer says.
	consume := func(stream string, consumer Identity) {
		publish(
			fmt.Sprintf("$JS.API.CONSUMER.INFO.%s.%s", stream, consumer),
			fmt.Sprintf("$JS.API.CONSUMER.MSG.NEXT.%s.%s", stream, consumer),
			fmt.Sprintf("$JS.ACK.%s.%s.>", stream, consumer),
		)
	}
	switch of {
	case Bunny:
		consume(Jobs, Bunny)
		publish("results.*", "dead.*")
		// Whether the result of a job that comes again is there already, by its subject alone.
		publish("$JS.API.DIRECT.GET.results.results.*")
	case Producer:
		publish("jobs.*")
		consume(Results, Producer)
		consume(Dead, Producer)
	case Check:
		publish("canary.*", "$JS.API.STREAM.MSG.GET.canary")
	case Setup:
		for _, stream := range s.Streams() {
			for _, verb := range []string{"INFO", "CREATE", "UPDATE"} {
				publish("$JS.API.STREAM." + verb + "." + stream.Name)
			}
		}
		for _, c := range s.Consumers() {
			for _, verb := range []string{"INFO", "CREATE"} {
				publish(fmt.Sprintf("$JS.API.CONSUMER.%s.%s.%s", verb, c.Stream, c.Name))
			}
		}
	case System:
		publish("$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.>", "$SYS.REQ.SERVER.*.VARZ", "$SYS.REQ.SERVER.*.JSZ", "$SYS.REQ.SERVER.*.HEALTHZ",
			// Puts another server in the place of one that is lost, and moves leadership.
			"$JS.API.META.LEADER.STEPDOWN", "$JS.API.SERVER.REMOVE")
	}
	return may
}
