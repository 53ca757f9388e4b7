// A vibration motor with its driver on pin 9: runs for as many milliseconds as a line says, then answers "ok".
const int MOTOR = 9;

void setup() {
  pinMode(MOTOR, OUTPUT);
  Serial.begin(9600);
}

void loop() {
  if (Serial.available()) {
    long milliseconds = constrain(Serial.parseInt(), 0, 5000);
    while (Serial.available() && Serial.read() != '\n') {}
    digitalWrite(MOTOR, HIGH);
    delay(milliseconds);
    digitalWrite(MOTOR, LOW);
    delay(200);
    Serial.println("ok");
  }
}
