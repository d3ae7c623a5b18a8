package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A handshakeRequest is the first message of an agent. Source: aws/session-manager-plugin
// src/message/messageparser.go and amazon-ssm-agent agent/session/contracts.
type handshakeRequest struct {
	AgentVersion           string
	RequestedClientActions []struct {
		ActionType       string
		ActionParameters json.RawMessage
	}
}

// handshakeResponse answers it.
type handshakeResponse struct {
	ClientVersion          string
	ProcessedClientActions []processedAction
	Errors                 []string
}

type processedAction struct {
	ActionType   string
	ActionStatus int
	ActionResult any
	Error        string
}

// Statuses of actions.
const (
	actionSuccess     = 1
	actionFailed      = 2
	actionUnsupported = 3
)

// answer does what an agent asks for before it forwards, and says why a session is not
// one that can be used here.
func (r handshakeRequest) answer() (response handshakeResponse, refused error) {
	response.ClientVersion, response.Errors = clientVersion, []string{}
	for _, action := range r.RequestedClientActions {
		done := processedAction{ActionType: action.ActionType, ActionStatus: actionSuccess}
		switch action.ActionType {
		case "SessionType":
			var asked struct{ SessionType string }
			if err := json.Unmarshal(action.ActionParameters, &asked); err != nil || asked.SessionType != "Port" {
				refused = fmt.Errorf("the session is of type %q: its document has to be one of type Port", asked.SessionType)
				done.ActionStatus, done.Error = actionFailed, refused.Error()
			}
		case "KMSEncryption":
			refused = errors.New("the account's preferences ask for sessions encrypted by KMS, which a document of type Port does not need (TLS goes through it)")
			done.ActionStatus, done.Error = actionUnsupported, refused.Error()
		default:
			done.ActionStatus, done.Error = actionUnsupported, "unknown action"
		}
		if done.Error != "" {
			response.Errors = append(response.Errors, done.Error)
		}
		response.ProcessedClientActions = append(response.ProcessedClientActions, done)
	}
	return response, refused
}

// A version is that of an agent.
type version string

// Versions after which agents do something. Source: aws/session-manager-plugin
// src/config/config.go and src/sessionmanagerplugin/session/portsession.
const (
	lastWithoutStreams = "3.0.196.0"
	lastWithKeepAlives = "3.1.1511.0"
)

func (v version) hasStreams() bool { return v.after(lastWithoutStreams) }

// keepsAlive says that the agent wants streams kept alive by pings. Later ones want none:
// they would keep SSM from ending an idle session.
func (v version) keepsAlive() bool { return !v.after(lastWithKeepAlives) }

func (v version) after(other string) bool {
	mine, theirs := strings.Split(string(v), "."), strings.Split(other, ".")
	for i, part := range theirs {
		n, m := 0, 0
		if i < len(mine) {
			n, _ = strconv.Atoi(mine[i])
		}
		m, _ = strconv.Atoi(part)
		if n != m {
			return n > m
		}
	}
	return false
}
