"""Reads a Terraform plan and reports what a reviewer must know about it."""
