#!/bin/bash
# A display without a screen, and a program that draws on it all the time.
Xvfb -displayfd 3 -screen 0 300x200x24 -nolisten tcp 3>display 2>display.log &
until [ -s display ]; do sleep 0.05; done
DISPLAY=:$(<display) glxgears >frames &
trap 'kill %2 && wait %2; kill %1; wait; exit 0' TERM
wait
