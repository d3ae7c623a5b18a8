package ssmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gorilla/websocket"

	"burrow/internal/tunnel/session"
)

// FirstNode is the node that every fake begins with.
const FirstNode = "i-00000000000000001"

// Region, Cluster and Document are those of the nodes and of the one document that there
// is besides AWS's own.
const (
	Region   = "eu-west-2"
	Cluster  = "relay"
	Document = "relay-api"
)

type node struct {
	id     string
	online bool
	mute   bool
}

// A Call is what the API was asked for.
type Call struct {
	Action   string // ssm:StartSession
	Target   string // a node or a session
	Document string
	Key      string // access key id of who asks
}

// URL is the address of the API.
func (f *Fake) URL() string { return f.server.URL }

// AddNode adds a node that is online.
func (f *Fake) AddNode(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nodes = append(f.nodes, node{id: id, online: true})
}

// Mute stops a node's agent, which SSM does not notice: it calls the node online and starts
// sessions, and nobody answers in them.
func (f *Fake) Mute(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.nodes {
		if f.nodes[i].id == id {
			f.nodes[i].mute = true
		}
	}
}

// mute reports whether nobody answers on a node.
func (f *Fake) mute(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.nodes, func(n node) bool { return n.id == id && n.mute })
}

// LoseNode takes a node away with its sessions.
func (f *Fake) LoseNode(id string) {
	f.mu.Lock()
	var lost []*agent
	for i := range f.nodes {
		if f.nodes[i].id == id {
			f.nodes[i].online = false
		}
	}
	for session, a := range f.sessions {
		if a.node == id {
			lost = append(lost, a)
			delete(f.sessions, session)
			a.stop()
		}
	}
	f.mu.Unlock()
	for _, a := range lost {
		a.drop(websocket.CloseAbnormalClosure)
	}
}

// Refuse makes the API answer calls with the error code that the function says, unless it
// is "".
func (f *Fake) Refuse(with func(Call) string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse = with
}

// Calls are all that the API was asked for.
func (f *Fake) Calls() []Call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Nodes are the nodes of the sessions that live.
func (f *Fake) Nodes() (found []string) {
	for _, a := range f.agents() {
		found = append(found, a.node)
	}
	return found
}

// api answers as Systems Manager's API: JSON 1.1, the action in a header. Source:
// botocore data/ssm/2014-11-06/service-2.json.
func (f *Fake) api(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Target, DocumentName, SessionId string
		Parameters                      map[string][]string
		Filters                         []struct {
			Key    string
			Values []string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		if r.Context().Err() == nil {
			f.t.Errorf("the API is sent no JSON: %v", err)
		}
		return
	}
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSSM.")
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, scope, _ := strings.Cut(key, "/")
	call := Call{"ssm:" + action, in.Target + in.SessionId, in.DocumentName, key}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	fail := func(code, words string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": words})
	}
	answer := func(v any) { _ = json.NewEncoder(w).Encode(v) }
	ticket := func(t session.Ticket) {
		answer(map[string]string{"SessionId": t.SessionID, "StreamUrl": t.StreamURL, "TokenValue": t.Token})
	}
	if f.refuse != nil {
		if code := f.refuse(call); code != "" {
			fail(code, "refused by the test")
			return
		}
	}
	if !strings.Contains(scope, "/"+Region+"/ssm/aws4_request") {
		fail("InvalidSignatureException", fmt.Sprintf("signed for %q", scope))
		return
	}
	switch action {
	case "DescribeInstanceInformation":
		list := []any{}
		for _, n := range f.nodes {
			fits := true
			for _, filter := range in.Filters {
				switch filter.Key {
				case "tag:eks:cluster-name":
					fits = fits && slices.Contains(filter.Values, Cluster)
				case "PingStatus":
					fits = fits && n.online == slices.Contains(filter.Values, "Online")
				default:
					fail("InvalidInstanceInformationFilterValue", filter.Key)
					return
				}
			}
			if fits {
				status := map[bool]string{true: "Online", false: "ConnectionLost"}[n.online]
				list = append(list, map[string]string{"InstanceId": n.id, "PingStatus": status, "AgentVersion": f.AgentVersion})
			}
		}
		answer(map[string]any{"InstanceInformationList": list})
	case "StartSession":
		at := slices.IndexFunc(f.nodes, func(n node) bool { return n.id == in.Target })
		switch {
		case in.DocumentName != Document:
			fail("InvalidDocument", "Document with name "+in.DocumentName+" does not exist.")
		case len(in.Parameters) > 0:
			fail("InvalidParameters", "the document has no parameters")
		case at < 0 || !f.nodes[at].online:
			fail("TargetNotConnected", in.Target+" is not connected.")
		default:
			ticket(f.start(in.Target))
		}
	case "ResumeSession":
		a := f.sessions[in.SessionId]
		if a == nil {
			fail("DoesNotExistException", "Session "+in.SessionId+" does not exist.")
			return
		}
		f.resumed++
		a.token = fmt.Sprintf("token-%d-%s", f.resumed, a.id)
		ticket(f.ticket(a))
	case "TerminateSession":
		f.ended = append(f.ended, in.SessionId)
		if a := f.sessions[in.SessionId]; a != nil {
			delete(f.sessions, in.SessionId)
			a.stop()
		}
		answer(map[string]string{"SessionId": in.SessionId})
	default:
		fail("UnknownOperationException", action)
	}
}

// newer compares versions of agents.
func newer(version, than string) bool {
	var a, b [4]int
	_, _ = fmt.Sscanf(version, "%d.%d.%d.%d", &a[0], &a[1], &a[2], &a[3])
	_, _ = fmt.Sscanf(than, "%d.%d.%d.%d", &b[0], &b[1], &b[2], &b[3])
	return slices.Compare(a[:], b[:]) > 0
}
