"""Repositories of code on real Git servers, over HTTPS and SSH."""
