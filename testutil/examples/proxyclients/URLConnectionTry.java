import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;

/** Java's older client. */
class URLConnectionTry {
    public static void main(String[] args) throws Exception {
        show("https://api.example.test/urlconnection", null);
        show("https://api.example.test/urlconnection", "{\"by\": \"urlconnection\"}");
        show("http://plain.example.test/urlconnection", null);
    }

    static void show(String url, String body) throws Exception {
        HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
        if (body != null) {
            connection.setDoOutput(true);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(body.getBytes());
            }
        }
        System.out.print(new String(connection.getInputStream().readAllBytes()));
    }
}
