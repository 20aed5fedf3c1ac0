package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func thinkCommand() *cobra.Command {
	return &cobra.Command{
		Use:  "think",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return errors.New("not yet") },
	}
}
