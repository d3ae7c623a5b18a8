package alarms

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/reach/tunneltest"
)

const (
	testInsights  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Insights"
	testWorkspace = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/logs"
	testCluster   = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/aks"
	testTopic     = "arn:aws:sns:eu-west-2:123456789012:pages"
	testAlarm     = "arn:aws:cloudwatch:eu-west-2:123456789012:alarm:alarm"
	testKey       = "arn:aws:kms:eu-west-2:123456789012:key/key-1"
	testGroupID   = testInsights + "/actionGroups/people"
	suffixOfLB    = "net/relay/1"
	suffixOfGroup = "targetgroup/relay/2"
	cloudWatchMay = `{"Statement":[{"Effect":"Allow","Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":["kms:Decrypt","kms:GenerateDataKey*"],"Resource":"*"}]}`
)

// A watchedWorld is a world with tunnels and what watches over them, object by
// object.
type watchedWorld map[string]*inventory.Object

func (w watchedWorld) add(typ, id string, in inventory.Props) {
	w[id] = &inventory.Object{Type: typ, ID: id, In: in, Out: in.Clone(), Hidden: inventory.Props{}}
}

// set changes an input and the output of the same name.
func (w watchedWorld) set(id, path string, v any) {
	w[id].In.Set(path, v)
	w[id].Out.Set(path, v)
}

func (w watchedWorld) unset(id, path string) {
	w[id].In.Del(path)
	w[id].Out.Del(path)
}

// watched is the world of four tunnels with what else can be watched, ways to
// tell people, and one alarm of each kind that rests: "alarm", "alert", "query".
func watched() watchedWorld {
	w := watchedWorld{}
	for _, o := range tunneltest.Four() {
		w.add(o.Type, o.ID, o.In)
		w[o.ID].Hidden = inventory.Props(o.Hidden).Clone()
	}
	w.add(awstype.ResolverEndpoint, "rslvr-in", inventory.Props{"direction": "INBOUND", "ipAddresses": []any{
		map[string]any{"ip": "10.0.1.10", "ipId": "rni-1"}, map[string]any{"ip": "10.0.2.10", "ipId": "rni-2"},
	}})
	w.add(awstype.LoadBalancer, "lb", inventory.Props{"name": "relay", "arn": "arn:lb", "arnSuffix": suffixOfLB})
	w.add(awstype.TargetGroup, "tg", inventory.Props{"name": "relay", "arn": "arn:tg", "arnSuffix": suffixOfGroup, "port": 30443.0})
	w.add(awstype.Listener, "li", inventory.Props{"loadBalancerArn": "arn:lb", "defaultActions": []any{map[string]any{"targetGroupArn": "arn:tg"}}})
	w.add(awstype.AutoscalingGroup, "asg", inventory.Props{"name": "asg", "desiredCapacity": 2.0})
	w.add(awstype.AutoscalingAttachment, "att", inventory.Props{"autoscalingGroupName": "asg", "lbTargetGroupArn": "arn:tg"})
	w.add(awstype.NatGateway, "nat-1", inventory.Props{})
	w.add("aws:kms/key:Key", "key-1", inventory.Props{"arn": testKey, "policy": cloudWatchMay})
	w.add("aws:kms/alias:Alias", "alias/pages", inventory.Props{"name": "alias/pages", "targetKeyId": "key-1", "targetKeyArn": testKey})
	w.add(awstype.Topic, testTopic, inventory.Props{"name": "pages", "arn": testTopic})
	w.add(awstype.TopicSubscription, "sub-1", inventory.Props{"topic": testTopic, "protocol": "email", "endpoint": "ops@example.com"})
	w.add(awstype.MetricAlarm, "alarm", inventory.Props{
		"name": "alarm", "arn": testAlarm, "namespace": "AWS/VPN", "metricName": "TunnelState", "dimensions": map[string]any{"VpnId": "vpn-0"},
		"statistic": "Minimum", "comparisonOperator": "LessThanThreshold", "threshold": 1.0,
		"treatMissingData": "breaching", "alarmActions": []any{testTopic},
	})
	w.addAlerts()
	return w
}

func (w watchedWorld) addAlerts() {
	w.add(azuretype.Workspace, testWorkspace, inventory.Props{})
	w.add(azuretype.ManagedCluster, testCluster, inventory.Props{})
	w.add(azuretype.DiagnosticSetting, tunneltest.Gateway+"/diag", inventory.Props{"resourceUri": tunneltest.Gateway, "workspaceId": testWorkspace, "logs": []any{
		map[string]any{"category": "IKEDiagnosticLog", "enabled": true}, map[string]any{"category": "RouteDiagnosticLog", "enabled": false},
	}})
	w.add(azuretype.DiagnosticSetting, testCluster+"/diag", inventory.Props{
		"resourceUri": testCluster, "workspaceId": testWorkspace, "logAnalyticsDestinationType": "Dedicated",
		"logs": []any{map[string]any{"category": "kube-audit", "enabled": true}},
	})
	w.add(azuretype.ActionGroup, testGroupID, inventory.Props{"enabled": true, "emailReceivers": []any{map[string]any{"name": "ops", "emailAddress": "ops@example.com"}}})
	w.add(azuretype.MetricAlert, testInsights+"/metricAlerts/alert", inventory.Props{
		"enabled": true, "scopes": []any{tunneltest.Gateway}, "windowSize": "PT5M",
		"actions": []any{map[string]any{"actionGroupId": testGroupID}},
		"criteria": map[string]any{"allOf": []any{map[string]any{
			"criterionType": "StaticThresholdCriterion", "metricName": "BgpPeerStatus", "timeAggregation": "Average",
			"operator": "LessThan", "threshold": 1.0,
			"dimensions": []any{
				map[string]any{"name": "BgpPeerAddress", "operator": "Include", "values": []any{"169.254.21.1", "169.254.22.1"}},
				map[string]any{"name": "Instance", "operator": "Include", "values": []any{"GatewayTenantWorker_IN_0"}},
			},
		}}},
	})
	w.add(azuretype.ScheduledQueryRule, testInsights+"/scheduledQueryRules/query", inventory.Props{
		"enabled": true, "scopes": []any{testWorkspace}, "actions": map[string]any{"actionGroups": []any{testGroupID}},
		"criteria": map[string]any{"allOf": []any{map[string]any{
			"query":    "// down\nAzureDiagnostics | where Category == \"IKEDiagnosticLog\" | where Message has \"down\"",
			"operator": "GreaterThan", "threshold": 0.0,
		}}},
	})
}

// alarms evaluates the world: the three alarms by name.
func (w watchedWorld) alarms(t *testing.T) map[string]Alarm {
	t.Helper()
	byName := map[string]Alarm{}
	clouds, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = clouds.Update(func(tx *emulator.Tx) error {
		for _, id := range slices.Sorted(maps.Keys(w)) {
			tx.Put(w[id])
		}
		for _, a := range All(tx) {
			byName[a.Name] = a
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return byName
}
