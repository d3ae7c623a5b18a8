// Command gen writes the JSON schema of the stack configuration.
package main

import (
	"flag"
	"fmt"
	"os"

	"burrow/internal/plan/schema"
)

func main() {
	planDir := flag.String("plan", ".", "folder of the plan's sources")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	if err := run(*planDir, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(planDir, out string) error {
	text, err := schema.Generate(planDir)
	if err != nil {
		return fmt.Errorf("make the schema: %w", err)
	}
	if err := os.WriteFile(out, text, 0o644); err != nil {
		return fmt.Errorf("write the schema: %w", err)
	}
	return nil
}
