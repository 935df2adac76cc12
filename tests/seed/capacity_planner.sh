#!/bin/bash
# The arithmetic of the exercise's capacity-planner.sh: its expressions as they stand there, its
# answers as arguments, one line per figure of its report.
MSG_PER_SEC=$1 MSG_SIZE=$2 REPLICATION=$3 RETENTION_HOURS=$4 PEAK_MULTIPLIER=$5 GROWTH_RATE=$6

BYTES_PER_SEC=$((MSG_PER_SEC * MSG_SIZE))
MB_PER_SEC=$(echo "scale=2; $BYTES_PER_SEC / 1048576" | bc)
GB_PER_DAY=$(echo "scale=2; $MB_PER_SEC * 86400 / 1024" | bc)
REPLICATED_GB_PER_DAY=$(echo "scale=2; $GB_PER_DAY * $REPLICATION" | bc)
STORAGE_NEEDED_GB=$(echo "scale=2; $REPLICATED_GB_PER_DAY * $RETENTION_HOURS / 24" | bc)
PEAK_MB_PER_SEC=$(echo "scale=2; $MB_PER_SEC * $PEAK_MULTIPLIER" | bc)
NETWORK_MB_PER_SEC=$(echo "scale=2; $MB_PER_SEC * ($REPLICATION + 1)" | bc)
FUTURE_MULTIPLIER=$(echo "scale=2; (1 + $GROWTH_RATE/100)^12" | bc -l)
FUTURE_MSG_PER_SEC=$(echo "scale=0; $MSG_PER_SEC * $FUTURE_MULTIPLIER" | bc)
FUTURE_STORAGE_GB=$(echo "scale=2; $STORAGE_NEEDED_GB * $FUTURE_MULTIPLIER" | bc)
BROKER_THROUGHPUT_MB=100
BROKERS_NEEDED_THROUGHPUT=$(echo "scale=0; $PEAK_MB_PER_SEC / $BROKER_THROUGHPUT_MB / 0.8 + 1" | bc)
BROKER_STORAGE_TB=2
BROKERS_NEEDED_STORAGE=$(echo "scale=0; $FUTURE_STORAGE_GB / 1024 / $BROKER_STORAGE_TB / 0.8 + 1" | bc)
BROKERS_RECOMMENDED=$(( BROKERS_NEEDED_THROUGHPUT > BROKERS_NEEDED_STORAGE ? BROKERS_NEEDED_THROUGHPUT : BROKERS_NEEDED_STORAGE ))
BROKERS_RECOMMENDED=$(( BROKERS_RECOMMENDED < 3 ? 3 : BROKERS_RECOMMENDED ))

echo "mb_per_sec=$MB_PER_SEC"
echo "peak_mb_per_sec=$PEAK_MB_PER_SEC"
echo "gb_per_day=$GB_PER_DAY"
echo "raw_gb=$(echo "scale=2; $STORAGE_NEEDED_GB / $REPLICATION" | bc)"
echo "storage_needed_gb=$STORAGE_NEEDED_GB"
echo "storage_with_overhead_gb=$(echo "scale=2; $STORAGE_NEEDED_GB * 1.2" | bc)"
echo "network_mb_per_sec=$NETWORK_MB_PER_SEC"
echo "network_per_broker=$(echo "scale=2; $NETWORK_MB_PER_SEC / $BROKERS_RECOMMENDED" | bc)"
echo "future_msg_per_sec=$FUTURE_MSG_PER_SEC"
echo "future_storage_gb=$FUTURE_STORAGE_GB"
echo "future_multiplier=$FUTURE_MULTIPLIER"
echo "brokers_needed_throughput=$BROKERS_NEEDED_THROUGHPUT"
echo "brokers_needed_storage=$BROKERS_NEEDED_STORAGE"
echo "brokers_recommended=$BROKERS_RECOMMENDED"
echo "storage_per_broker_tb=$(echo "scale=2; $FUTURE_STORAGE_GB / $BROKERS_RECOMMENDED * 1.5 / 1024" | bc)"
echo "partitions_per_topic=$(echo "scale=0; $BROKERS_RECOMMENDED * 3" | bc)"
echo "processing_mb_per_sec=$(echo "scale=2; $MSG_PER_SEC * $MSG_SIZE / 1048576" | bc)"
echo "add_broker_mb_per_sec=$(echo "scale=2; $BROKER_THROUGHPUT_MB * 0.8 * $BROKERS_RECOMMENDED" | bc)"
echo "compute_dollars=$(echo "$BROKERS_RECOMMENDED * 500" | bc)"
echo "storage_dollars=$(echo "scale=0; $FUTURE_STORAGE_GB * 0.1" | bc)"
echo "network_dollars=$(echo "scale=0; $NETWORK_MB_PER_SEC * 86400 * 30 / 1024 * 0.02" | bc)"
echo "total_dollars=$(echo "$BROKERS_RECOMMENDED * 500 + $FUTURE_STORAGE_GB * 0.1 + $NETWORK_MB_PER_SEC * 86400 * 30 / 1024 * 0.02" | bc)"
