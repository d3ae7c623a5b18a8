package plan

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const projectDir = "../.."

// stackConfig reads a stack file's configuration as Load wants it.
func stackConfig(t *testing.T, text []byte) map[string]string {
	t.Helper()
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatalf("read the stack file: %v", err)
	}
	values := map[string]string{}
	for key, value := range file.Config {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		values[strings.TrimPrefix(key, "burrow:")] = string(text)
	}
	return values
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(projectDir + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestDevFileIsTheDefault(t *testing.T) {
	values := stackConfig(t, read(t, "Pulumi.dev.yaml"))
	if got := load(t, values); !reflect.DeepEqual(got, Default()) {
		t.Errorf("Pulumi.dev.yaml is not the default estate: %+v", got)
	}
}

// commented is a line that is a key in a comment.
var commented = regexp.MustCompile(`(?m)^( *)# (\w+: \S+)$`)

// With the derived keys taken out of their comments the file must say the same:
// what it shows there is true.
func TestDevFileShowsDerivedValues(t *testing.T) {
	text := read(t, "Pulumi.dev.yaml")
	full := commented.ReplaceAll(text, []byte("$1$2"))
	values := stackConfig(t, full)
	if got := load(t, values); !reflect.DeepEqual(got, Default()) {
		t.Errorf("the values in comments are not those derived: %+v", got)
	}

	var shown []string
	d := &decoder{given: map[string]bool{}}
	d.sections(base(), values)
	for path := range d.given {
		shown = append(shown, pathOf(path))
	}
	for _, path := range knownPaths("", reflect.TypeFor[Plan]()) {
		if !slices.Contains(shown, path) {
			t.Errorf("Pulumi.dev.yaml does not show %s", path)
		}
	}
}

// What the file leaves to its owner is refused by the cloud that is real.
func TestRealCloudsRefuse(t *testing.T) {
	values := stackConfig(t, read(t, "Pulumi.dev.yaml"))
	aws := []string{"clusters.eks.adminRoleArns[0]", "network.aws.accountId"}
	azure := []string{"clusters.aks.adminGroupIds[0]", "clusters.aks.authorizedRanges[0]", "network.azure.subscriptionId", "network.azure.tenantId"}
	const people = "watch.emails[0]"
	for _, test := range []struct {
		name     string
		emulated map[string]bool
		want     []string
	}{
		{"all emulated", emulated.Emulated, nil},
		{"AWS real", map[string]bool{azureProvider: true}, append(slices.Clone(aws), people)},
		{"Azure real", map[string]bool{awsProvider: true, "kubernetes": true}, append(slices.Clone(azure), people)},
		{"all real", nil, slices.Sorted(slices.Values(slices.Concat(aws, azure, []string{people})))},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(values, World{Emulated: test.emulated, Today: catalogueDate})
			problems, _ := err.(Problems)
			if got := problemKeys(problems); !slices.Equal(got, test.want) {
				t.Fatalf("problems at %v, want %v", got, test.want)
			}
			for _, p := range problems {
				complete(t, p)
				if !strings.Contains(p.Reason, "placeholder") {
					t.Errorf("%s: the reason is %q", p.Key, p.Reason)
				}
			}
		})
	}
}

// With the placeholders filled in, the file is good enough for real clouds.
func TestFilledInFileLoads(t *testing.T) {
	text := strings.NewReplacer(
		"123456789012", "210987654321",
		"00000000-0000-0000-0000-000000000000", "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
		"203.0.113.0/24", "198.51.100.7/32",
		"oncall@example.com", "oncall@example.org",
	).Replace(string(read(t, "Pulumi.dev.yaml")))
	p, err := Load(stackConfig(t, []byte(text)), World{Today: catalogueDate})
	if err != nil {
		t.Fatal(err)
	}
	if p.Network.AWS.AccountID != "210987654321" {
		t.Errorf("account %s", p.Network.AWS.AccountID)
	}
}

// The project file declares what the plan has, each an object that may be left out.
func TestProjectFileDeclaresEveryKey(t *testing.T) {
	var project struct {
		Name, Runtime, Description string
		Config                     map[string]struct {
			Type, Description string
			Default           map[string]any
		}
	}
	if err := yaml.Unmarshal(read(t, "Pulumi.yaml"), &project); err != nil {
		t.Fatal(err)
	}
	if project.Name != "burrow" || project.Runtime != "go" || project.Description == "" {
		t.Errorf("project %+v", project)
	}
	fields := fieldsByKey(reflect.TypeFor[Plan]())
	if len(project.Config) != len(fields) {
		t.Errorf("%d keys declared, want %d", len(project.Config), len(fields))
	}
	for key := range fields {
		declared, ok := project.Config[key]
		if !ok || declared.Type != "object" || declared.Description == "" || declared.Default == nil || len(declared.Default) != 0 {
			t.Errorf("%s is declared as %+v", key, declared)
		}
	}
}

// Reached directly, the private API has to let somebody but the nodes in.
func TestDirectNeedsClients(t *testing.T) {
	values := map[string]string{"k8s": `{"access":"direct"}`}
	for clients, want := range map[string]bool{`[]`: true, `["10.0.8.0/24"]`: false} {
		values["clusters"] = `{"eks":{"apiClients":` + clients + `}}`
		_, err := Load(values, World{Today: catalogueDate})
		problems, _ := err.(Problems)
		if got := slices.Contains(problemKeys(problems), "clusters.eks.apiClients"); got != want {
			t.Errorf("clients %s: a problem %t, want %t", clients, got, want)
		}
	}
}
