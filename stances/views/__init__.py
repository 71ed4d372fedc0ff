"""The public pages: lists in `lists`, the pages of one thing each in `pages`."""
