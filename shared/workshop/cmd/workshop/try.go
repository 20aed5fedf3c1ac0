package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func tryCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "try",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return errors.New("not yet") },
	}
}
