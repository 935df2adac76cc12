//! A discrete-event kernel that has never heard of Kafka.
