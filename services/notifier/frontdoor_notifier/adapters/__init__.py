"""What goes out: the notifier's tables, webhooks, e-mail."""
