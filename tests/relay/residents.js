// What an app that uses Relay writes: a page of residents that goes on, and below each one a list that is read from its end.
import { graphql } from "react-relay";

graphql`
  query residentsQuery($count: Int!, $cursor: String, $where: CivilResidentBoolExp) {
    ...residents_page @arguments(count: $count, cursor: $cursor, where: $where)
  }
`;

graphql`
  fragment residents_page on Query
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 3 }
    cursor: { type: "String" }
    where: { type: "CivilResidentBoolExp" }
  )
  @refetchable(queryName: "residentsPageQuery") {
    civil {
      residentConnection(first: $count, after: $cursor, where: $where, orderBy: [{ born: DESC }])
        @connection(key: "residents_page_residentConnection", filters: ["where"]) {
        edges {
          node {
            idCard
            ...residents_person
          }
        }
        totalCount
      }
    }
  }
`;

graphql`
  fragment residents_person on CivilResident {
    name
    born
    household {
      address
    }
    healthRecord {
      vaccinationsConnection(last: 2, orderBy: [{ givenOn: ASC }])
        @connection(key: "residents_person_vaccinationsConnection", filters: []) {
        edges {
          node {
            vaccine
            givenOn
          }
        }
      }
    }
  }
`;
