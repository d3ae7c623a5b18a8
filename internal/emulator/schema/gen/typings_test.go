package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"burrow/internal/emulator/schema/table"
)

// npmFiles are the files of a small npm package.
var npmFiles = map[string]string{
	"package.json": `{"version": "v1.0.0"}`,
	"net/thing.d.ts": `import * as pulumi from "@pulumi/pulumi";
/**
 * A thing. {
 */
export interface ThingArgs {
    /**
     * How it goes: fast or slow.
     */
    mode?: pulumi.Input<string | enums.net.v20200101.Mode>;
    parts: pulumi.Input<pulumi.Input<inputs.net.PartArgs>[]>;
    tags?: pulumi.Input<{
        [key: string]: pulumi.Input<string>;
    }>;
}
`,
	"net/twin.d.ts": `export declare class Twin extends pulumi.CustomResource {
    static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): Twin;
    readonly born: pulumi.Output<outputs.net.Birth>;
    readonly tags: pulumi.Output<{
        [key: string]: string;
    } | undefined>;
    constructor(name: string, args: TwinArgs, opts?: pulumi.CustomResourceOptions);
}
export interface TwinArgs {
    names: pulumi.Input<pulumi.Input<string>[]>;
    old?: pulumi.Input<boolean>;
}
`,
	"net/twin.js": `/** Uses Azure REST API version 2020-01-01. */
const aliasOpts = { aliases: [{ type: "fake:net/v20190101:Twin" }, { type: "fake:web:Twin" }] };
Twin.__pulumiType = 'fake:net:Twin';
`,
	"types/input.d.ts": `export declare namespace net {
    interface PartArgs {
        sizes: pulumi.Input<pulumi.Input<number>[]>;
    }
    namespace v20200101 {
        interface Other {
            a?: string;
        }
    }
}
`,
	"types/output.d.ts": `export declare namespace net {
    interface Birth {
        place?: string;
        witnesses: string[];
    }
}
`,
	"types/enums/net/v20200101/index.d.ts": `export declare const Mode: {
    /**
     * Fast.
     */
    readonly Fast: "fast";
    readonly "Very slow": "slow";
};
export type Mode = (typeof Mode)[keyof typeof Mode];
`,
}

// unpack writes npmFiles, after one replacement, as the package fake.
func unpack(t *testing.T, file, old, new string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range npmFiles {
		if name == file {
			if !strings.Contains(text, old) {
				t.Fatalf("%s has no %q", name, old)
			}
			text = strings.Replace(text, old, new, 1)
		}
		to := filepath.Join(dir, "fake", name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goSide is what the Go SDK of the package fake would have given.
func goSide() (sdk, *generator) {
	s := sdk{pkg: "fake", modules: []string{"m"}, completeEnums: true, typed: []named{{"net", "Twin"}}}
	g := newGenerator(s, map[string]module{"m": {version: "1.0.0"}})
	g.out.Resources["fake:net:Thing"] = table.Resource{Inputs: table.Fields{
		"mode": "string", "parts": "[]#net.Part!", "tags": "{}string",
	}}
	g.out.Types["net.Part"] = table.Fields{"sizes": "[]integer"}
	g.names["fake:net:Thing"] = named{"net", "Thing"}
	return s, g
}

func TestSupplement(t *testing.T) {
	s, g := goSide()
	got, err := supplement(s, g, unpack(t, "", "", ""))
	if err != nil {
		t.Fatal(err)
	}
	want := &table.File{
		Package: "fake", Version: "1.0.0",
		Resources: map[string]table.Resource{"fake:net:Twin": {
			APIVersion: "2020-01-01",
			Inputs:     table.Fields{"names": "[]string!", "old": "boolean"},
			Outputs:    table.Fields{"born": "#net.Birth!", "tags": "{}string"},
			Aliases:    []string{"v20190101", "fake:web:Twin"},
		}},
		Types: map[string]table.Fields{"net.Birth": {"place": "string", "witnesses": "[]string!"}},
		Enums: map[string][]any{"net/v20200101.Mode": {"fast", "slow"}},
		Patches: map[string]table.Patch{
			"fake:net:Thing#inputs": {Enums: map[string]string{"mode": "net/v20200101.Mode"}},
			"net.Part":              {Required: []string{"sizes"}, Enums: map[string]string{}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestSupplementRefuses(t *testing.T) {
	tests := map[string]struct{ file, old, new, want string }{
		"other version":     {"package.json", "1.0.0", "1.0.1", "is version v1.0.1"},
		"field missing":     {"net/thing.d.ts", "mode?", "pace?", "only in Go: [mode], only in TypeScript: [pace]"},
		"required only TS":  {"net/thing.d.ts", "tags?:", "tags:", "disagree whether tags"},
		"required only Go":  {"net/thing.d.ts", "parts:", "parts?:", "disagree whether parts"},
		"type missing":      {"types/input.d.ts", "PartArgs", "PieceArgs", "no input type net.Part"},
		"enum missing":      {"types/enums/net/v20200101/index.d.ts", "const Mode", "const Pace", "no such enum"},
		"number":            {"net/twin.d.ts", "old?: pulumi.Input<boolean>", "old?: pulumi.Input<number>", "unforeseen form: number"},
		"secrets":           {"net/twin.js", "const aliasOpts", "const secretOpts = { additionalSecretOutputs: [] }; const aliasOpts", "secrets"},
		"no token":          {"net/twin.js", "__pulumiType", "__type", "no token"},
		"enum of an object": {"types/enums/net/v20200101/index.d.ts", `"fast"`, `fast`, "value of enum Mode"},
		"line in an enum":   {"types/enums/net/v20200101/index.d.ts", `Fast: "fast"`, `Fast()`, "unforeseen line"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, g := goSide()
			_, err := supplement(s, g, unpack(t, test.file, test.old, test.new))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}
