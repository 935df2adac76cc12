#!/bin/bash
# The loop of the exercise's simulate-autoscaling.sh, reduced to its arithmetic and its tests.
brokers=3
consumers=6
for hour in {0..23}; do
  multiplier=0.5
  if [ $hour -ge 9 ] && [ $hour -le 17 ]; then
    multiplier=2.5
  elif [ $hour -ge 6 ] && [ $hour -le 20 ]; then
    multiplier=1.5
  fi
  cpu=$(echo "scale=0; 30 * $multiplier" | bc)
  lag=$(echo "scale=0; 50000 * $multiplier" | bc)
  if [ $cpu -gt 70 ]; then
    brokers=$((brokers + 1))
  elif [ $cpu -lt 30 ] && [ $brokers -gt 3 ]; then
    brokers=$((brokers - 1))
  fi
  if [ $lag -gt 100000 ]; then
    consumers=$((consumers + 2))
  elif [ $lag -lt 1000 ] && [ $consumers -gt 6 ]; then
    consumers=$((consumers - 1))
  fi
done
echo "brokers $brokers consumers $consumers"
