"""Reads a Terraform plan and says what a reviewer must know of it."""
